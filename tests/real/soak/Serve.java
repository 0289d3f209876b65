// SPDX-License-Identifier: MIT
// Answers /N with N squared, each time on a thread of its own and with garbage on the way.

import com.sun.net.httpserver.HttpServer;
import java.net.InetSocketAddress;
import java.util.ArrayList;

public class Serve {
    static long square(long n) {
        ArrayList<Long> parts = new ArrayList<>();
        for (long i = 0; i < n; i++) parts.add(n);
        long sum = 0;
        for (Long part : parts) sum += part;
        return sum;
    }

    public static void main(String[] arguments) throws Exception {
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", Integer.parseInt(arguments[0])), 0);
        server.setExecutor(task -> new Thread(task).start());
        server.createContext("/", exchange -> {
            byte[] answer = Long.toString(square(Long.parseLong(exchange.getRequestURI().getPath().substring(1)))).getBytes();
            exchange.sendResponseHeaders(200, answer.length);
            exchange.getResponseBody().write(answer);
            exchange.close();
        });
        server.start();
    }
}
