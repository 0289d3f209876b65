// SPDX-License-Identifier: MIT

// Answers /N with N squared, added up by N goroutines.
package main

import (
	"fmt"
	"net/http"
	"os"
	"strconv"
)

func main() {
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		n, _ := strconv.Atoi(r.URL.Path[1:])
		parts := make(chan int)
		for i := 0; i < n; i++ {
			go func() { parts <- len(make([]byte, n*100)) / 100 }()
		}
		sum := 0
		for i := 0; i < n; i++ {
			sum += <-parts
		}
		fmt.Fprint(w, sum)
	})
	if err := http.ListenAndServe("127.0.0.1:"+os.Args[1], nil); err != nil {
		panic(err)
	}
}
