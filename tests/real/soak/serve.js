// SPDX-License-Identifier: MIT
// Answers /N with N squared, by a function that it has just made, called often enough to be compiled, and forgets.
'use strict';
let made = 0;
require('http').createServer((request, response) => {
    const number = Number(request.url.slice(1));
    const square = new Function('n', 'let s = 0; for (let i = 0; i < n; i++) s += n; return s; /* ' + made++ + ' */');
    for (let i = 0; i < 300; i++) square(number);
    response.end(String(square(number)));
}).listen(Number(process.argv[2]), '127.0.0.1');
