// SPDX-License-Identifier: MIT
// What a virtual machine does: collections and garbage from many threads, deep recursion to the overflow of the stack,
// implicit null checks that fault, contended locks, floating point, parallel streams. Prints the same lines anywhere.
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;

public class Soak {
    static int fib(int n) {
        return n < 2 ? n : fib(n - 1) + fib(n - 2);
    }

    static int recurse(int n) {
        return recurse(n + 1) + 1;
    }

    static long fillMap(int seed) {
        Map<String, Long> map = new HashMap<>();
        Random random = new Random(seed);
        for (int i = 0; i < 30000; i++) {
            String key = "k" + random.nextInt(5000);
            map.merge(key, (long) i, Long::sum);
            if (i % 1000 == 0) map.remove(key);
        }
        long sum = 0;
        for (long value : map.values()) sum += value;
        return sum;
    }

    public static void main(String[] arguments) throws Exception {
        System.out.println(System.getProperty("os.arch"));
        ExecutorService pool = Executors.newFixedThreadPool(8);
        List<Future<Long>> futures = new ArrayList<>();
        for (int i = 0; i < 16; i++) {
            final int seed = i;
            futures.add(pool.submit(() -> fillMap(seed)));
        }
        long total = 0;
        for (Future<Long> future : futures) total += future.get();
        pool.shutdown();
        System.out.println("maps " + (total > 0) + " fib " + fib(24));

        AtomicLong counter = new AtomicLong();
        Thread[] threads = new Thread[8];
        for (int i = 0; i < threads.length; i++) {
            threads[i] = new Thread(() -> {
                for (int j = 0; j < 10000; j++) {
                    counter.incrementAndGet();
                    synchronized (counter) {
                        counter.addAndGet(2);
                    }
                }
            });
            threads[i].start();
        }
        for (Thread thread : threads) thread.join();
        System.out.println("locked " + counter.get());

        int nulls = 0;
        for (int i = 0; i < 20000; i++) {
            try {
                String text = i % 4 == 0 ? null : "x";
                text.length();
            } catch (NullPointerException e) {
                nulls++;
            }
        }
        System.out.println("nulls " + nulls);
        try {
            recurse(0);
        } catch (StackOverflowError e) {
            System.out.println("overflow");
        }
        List<byte[]> kept = new ArrayList<>();
        for (int i = 0; i < 2000; i++) {
            byte[] bytes = new byte[50000];
            bytes[i] = 1;
            if (i % 20 == 0) kept.add(bytes);
        }
        System.gc();
        double sum = 0;
        for (int i = 1; i < 100000; i++) sum += Math.sin(i) * Math.sqrt(i);
        System.out.printf("kept %d sum %.6f%n", kept.size(), sum);
        ConcurrentHashMap<Integer, Integer> counts = new ConcurrentHashMap<>();
        IntStream.range(0, 100000).parallel().forEach(i -> counts.merge(i % 100, 1, Integer::sum));
        System.out.println("parallel " + counts.values().stream().mapToInt(i -> i).sum());
    }
}
