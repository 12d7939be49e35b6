// The panel player: Grafana's own Prometheus datasource without the rest of Grafana. It answers the two requests that a
// dashboard in a browser makes of it, at Grafana's own paths and in Grafana's own format.
//
//	panelplayer -listen 127.0.0.1:3001 -datasources datasources.json
//
// The datasources are those of Grafana's provisioning files: [{"uid": …, "url": …, "jsonData": {…}}, …].
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend/log"
	"github.com/grafana/grafana/pkg/promlib"
)

var (
	listen      = flag.String("listen", "127.0.0.1:0", "the address to listen on")
	datasources = flag.String("datasources", "", "a JSON file with the datasources")
)

func main() {
	flag.Parse()
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "panelplayer:", err)
		os.Exit(1)
	}
}

// run serves until it is told to stop.
func run() error {
	known, err := readDatasources(*datasources)
	if err != nil {
		return err
	}
	player := &player{service: promlib.NewService(nil, log.DefaultLogger, nil), known: known}
	listener, err := net.Listen("tcp", *listen)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: player.routes(), ReadHeaderTimeout: 10 * time.Second}
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGTERM, syscall.SIGINT)
	go func() {
		<-ended
		deadline, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		_ = server.Shutdown(deadline)
	}()
	fmt.Println("listening on", listener.Addr())
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// health says which versions of Grafana's code answer here.
func health(w http.ResponseWriter, _ *http.Request) {
	versions := map[string]string{}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, module := range info.Deps {
			versions[module.Path] = module.Version
		}
	}
	answer(w, http.StatusOK, map[string]string{
		"promlib":    versions["github.com/grafana/grafana/pkg/promlib"],
		"plugin-sdk": versions["github.com/grafana/grafana-plugin-sdk-go"],
	})
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}
