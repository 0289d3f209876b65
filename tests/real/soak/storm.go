// SPDX-License-Identifier: MIT

// Package soak makes many goroutines.
package soak

import "sync"

// Spin counts without ever giving up the processor by itself.
func Spin(n int) int {
	sum := 0
	for i := 0; i < n; i++ {
		sum += i & 3
	}
	return sum
}

// Storm runs Spin in so many goroutines and adds up.
func Storm(goroutines, n int) int {
	var group sync.WaitGroup
	results := make(chan int, 16)
	for i := 0; i < goroutines; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			results <- Spin(n)
		}()
	}
	go func() {
		group.Wait()
		close(results)
	}()
	total := 0
	for result := range results {
		total += result
	}
	return total
}
