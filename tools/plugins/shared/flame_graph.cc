// SPDX-License-Identifier: MIT
#include "tools/plugins/shared/flame_graph.h"

#include <algorithm>

#include "tools/plugins/plugin_support.h"

namespace plugin {

namespace {

constexpr unsigned kWidth = 1200;
constexpr unsigned kRow = 18;
constexpr unsigned kTop = 48;
constexpr double kNarrowest = 0.3;  // a box of fewer pixels is left out
constexpr double kCharacter = 6.6;  // width of one in the boxes' font

struct Node {
    uint64_t samples = 0;
    std::map<std::string, Node> callees;
};

unsigned depth_of(const Node& node) {
    unsigned depth = 0;
    for (const auto& [name, callee] : node.callees) depth = std::max(depth, 1 + depth_of(callee));
    return depth;
}

std::string escaped(const std::string& text) {
    std::string out;
    for (char c : text) {
        switch (c) {
            case '&':
                out += "&amp;";
                break;
            case '<':
                out += "&lt;";
                break;
            case '>':
                out += "&gt;";
                break;
            case '"':
                out += "&quot;";
                break;
            default:
                out += c;
        }
    }
    return out;
}

// Warm colours, the same for a name wherever it stands.
std::string colour_of(const std::string& name) {
    uint32_t hash = 2166136261;
    for (unsigned char c : name) hash = (hash ^ c) * 16777619;
    std::string colour;
    append(&colour, "hsl(%u,%u%%,%u%%)", hash % 55, 70 + hash / 64 % 25, 56 + hash / 4096 % 14);
    return colour;
}

struct Picture {
    uint64_t all;
    unsigned rows;
    std::string text;

    void draw(const std::string& name, const Node& node, double left, unsigned depth) {
        double width = static_cast<double>(node.samples) / static_cast<double>(all) * kWidth;
        if (width < kNarrowest) return;
        double percent = 100.0 * static_cast<double>(node.samples) / static_cast<double>(all);
        unsigned top = kTop + (rows - depth) * kRow;
        std::string label = escaped(name);
        append(&text, "<g class=\"f\" data-x=\"%.3f\" data-w=\"%.3f\" data-d=\"%u\" data-n=\"%s\">", left,
               width, depth, label.c_str());
        append(&text, "<title>%s: %" PRIu64 " samples, %.2f%%</title>", label.c_str(), node.samples, percent);
        append(&text, "<rect x=\"%.3f\" y=\"%u\" width=\"%.3f\" height=\"%u\" fill=\"%s\"/>", left, top,
               width, kRow - 1, colour_of(name).c_str());
        auto characters = static_cast<size_t>(width / kCharacter);
        std::string shown = name.size() <= characters ? name
                            : characters > 3          ? name.substr(0, characters - 2) + ".."
                                                      : "";
        append(&text, "<text x=\"%.3f\" y=\"%u\">%s</text></g>\n", left + 3, top + kRow - 5,
               escaped(shown).c_str());
        for (const auto& [callee_name, callee] : node.callees) {
            draw(callee_name, callee, left, depth + 1);
            left += static_cast<double>(callee.samples) / static_cast<double>(all) * kWidth;
        }
    }
};

// A click on a box: it and what is above it share the whole width, its callers take all of it too.
constexpr const char* kScript = R"(<script><![CDATA[
const boxes = [...document.querySelectorAll('.f')];
const full = )";
constexpr const char* kScriptRest = R"(;
function place(box, x, w) {
  const shown = w >= 0.3 && x + w > 0 && x < full;
  box.style.display = shown ? '' : 'none';
  if (!shown) return;
  const left = Math.max(x, 0), width = Math.min(x + w, full) - left;
  const rect = box.querySelector('rect'), text = box.querySelector('text'), name = box.dataset.n;
  rect.setAttribute('x', left); rect.setAttribute('width', width);
  text.setAttribute('x', left + 3);
  const room = Math.floor(width / 6.6);
  text.textContent = name.length <= room ? name : room > 3 ? name.slice(0, room - 2) + '..' : '';
}
function zoom(to) {
  const x0 = +to.dataset.x, scale = full / +to.dataset.w;
  for (const box of boxes) place(box, (+box.dataset.x - x0) * scale, +box.dataset.w * scale);
}
for (const box of boxes) box.addEventListener('click', () => zoom(box));
]]></script>
)";

}  // namespace

std::string flame_graph(const std::map<std::string, uint64_t>& stacks, const std::string& title) {
    Node root;
    for (const auto& [stack, samples] : stacks) {
        Node* node = &root;
        node->samples += samples;
        for (size_t at = 0; at <= stack.size();) {
            size_t end = std::min(stack.find(';', at), stack.size());
            node = &node->callees[stack.substr(at, end - at)];
            node->samples += samples;
            at = end + 1;
        }
    }
    Picture picture = {std::max<uint64_t>(root.samples, 1), depth_of(root), {}};
    picture.draw("all", root, 0, 0);

    unsigned height = kTop + (picture.rows + 1) * kRow + 8;
    std::string svg;
    append(
        &svg,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%u\" "
        "height=\"%u\" viewBox=\"0 0 %u %u\">\n",
        kWidth, height, kWidth, height);
    svg +=
        "<style>text{font:11px monospace;pointer-events:none}.f{cursor:pointer}.f:hover rect{stroke:#000}"
        "</style>\n";
    append(&svg,
           "<rect width=\"100%%\" height=\"100%%\" fill=\"#fffdf6\"/>\n<text x=\"8\" y=\"20\">%s</text>\n",
           escaped(title).c_str());
    append(&svg,
           "<text x=\"8\" y=\"38\">%" PRIu64
           " samples; click a box to enlarge it, \"all\" to see all"
           "</text>\n",
           root.samples);
    svg += picture.text;
    svg += kScript + std::to_string(kWidth) + kScriptRest;
    return svg + "</svg>\n";
}

}  // namespace plugin
