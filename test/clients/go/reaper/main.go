// Reaper stands in for the image that testcontainers removes its leftovers with. It speaks the same protocol on TCP
// 8080: a client sends lines of filters such as label=a=b&label=c=d, each is answered with ACK; when no client has
// been connected for the delay, everything that matches is removed through the engine's socket.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"
)

const delay = 2 * time.Second

var engine = &http.Client{Transport: &http.Transport{
	DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", "/var/run/docker.sock")
	},
}}

type reaper struct {
	mutex   sync.Mutex
	filters map[string]url.Values
	clients int
	idle    *time.Timer
}

func main() {
	listener, err := net.Listen("tcp", ":8080")
	if err != nil {
		log.Fatal(err)
	}
	// The line that testcontainers waits for.
	log.Print("Started!")
	done := make(chan struct{})
	state := &reaper{filters: map[string]url.Values{}}
	state.idle = time.AfterFunc(time.Minute, func() { close(done) })
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			state.enter()
			go state.serve(connection)
		}
	}()
	<-done
	for _, filter := range state.filters {
		reap(filter)
	}
}

func (state *reaper) enter() {
	state.mutex.Lock()
	defer state.mutex.Unlock()
	state.clients++
	state.idle.Stop()
}

func (state *reaper) serve(connection net.Conn) {
	defer func() {
		connection.Close()
		state.mutex.Lock()
		defer state.mutex.Unlock()
		if state.clients--; state.clients == 0 {
			state.idle.Reset(delay)
		}
	}()
	lines := bufio.NewScanner(connection)
	for lines.Scan() {
		filter, err := url.ParseQuery(lines.Text())
		if err != nil || len(filter) == 0 {
			continue
		}
		state.mutex.Lock()
		state.filters[lines.Text()] = filter
		state.mutex.Unlock()
		fmt.Fprint(connection, "ACK\n")
	}
}

func reap(filter url.Values) {
	encoded, err := json.Marshal(filter)
	if err != nil {
		log.Fatal(err)
	}
	query := "filters=" + url.QueryEscape(string(encoded))
	var containers, networks []struct{ Id string }
	self, err := os.Hostname()
	if err != nil {
		log.Fatal(err)
	}
	get("/containers/json?all=1&"+query, &containers)
	for _, container := range containers {
		// Its own container has the labels of the session too.
		if strings.HasPrefix(container.Id, self) {
			continue
		}
		remove("/containers/" + container.Id + "?force=1&v=1")
	}
	get("/networks?"+query, &networks)
	for _, network := range networks {
		remove("/networks/" + network.Id)
	}
	var volumes struct{ Volumes []struct{ Name string } }
	get("/volumes?"+query, &volumes)
	for _, volume := range volumes.Volumes {
		remove("/volumes/" + volume.Name + "?force=1")
	}
}

func get(path string, into any) {
	answer, err := engine.Get("http://engine" + path)
	if err != nil {
		log.Print(err)
		return
	}
	defer answer.Body.Close()
	if err := json.NewDecoder(answer.Body).Decode(into); err != nil {
		log.Print(err)
	}
}

func remove(path string) {
	request, err := http.NewRequest(http.MethodDelete, "http://engine"+path, nil)
	if err != nil {
		log.Fatal(err)
	}
	answer, err := engine.Do(request)
	if err != nil {
		log.Print(err)
		return
	}
	answer.Body.Close()
	log.Printf("removed %s: %s", path, answer.Status)
}
