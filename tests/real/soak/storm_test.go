// SPDX-License-Identifier: MIT

package soak

import (
	"fmt"
	"io"
	"net"
	"os/exec"
	"runtime"
	"sync/atomic"
	"testing"
	"time"
)

func TestStorm(t *testing.T) {
	if got := Storm(2000, 20000); got != 2000*30000 {
		t.Fatal(got)
	}
}

// Loops without calls: only the runtime's preemption signals stop them for a collection.
func TestPreemption(t *testing.T) {
	runtime.GOMAXPROCS(3)
	var stop int32
	for i := 0; i < 3; i++ {
		go func() {
			for n := 0; atomic.LoadInt32(&stop) == 0; n++ {
			}
		}()
	}
	for i := 0; i < 5; i++ {
		runtime.GC()
		time.Sleep(time.Millisecond)
	}
	atomic.StoreInt32(&stop, 1)
}

func TestFaults(t *testing.T) {
	caught := 0
	for i := 0; i < 1000; i++ {
		func() {
			defer func() {
				if recover() != nil {
					caught++
				}
			}()
			var p *int
			*p = 1
		}()
	}
	if caught != 1000 {
		t.Fatal(caught)
	}
}

func TestProcesses(t *testing.T) {
	for i := 0; i < 10; i++ {
		out, err := exec.Command("echo", fmt.Sprint(i)).Output()
		if err != nil || string(out) != fmt.Sprint(i, "\n") {
			t.Fatal(err, string(out))
		}
	}
}

func TestSockets(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go io.Copy(connection, connection)
		}
	}()
	done := make(chan error)
	for i := 0; i < 20; i++ {
		go func() {
			connection, err := net.Dial("tcp", listener.Addr().String())
			data := make([]byte, 4096)
			for j := 0; j < 20 && err == nil; j++ {
				if _, err = connection.Write(data); err == nil {
					_, err = io.ReadFull(connection, data)
				}
			}
			done <- err
		}()
	}
	for i := 0; i < 20; i++ {
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
}
