/** The Go program around the reference checker: reads the same files, times parsing and checking, prints JSON. */
export const DRIVER = `package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/anishathalye/porcupine"
)

type in struct {
	f     string
	key   string
	text  string
	a, b  int
}

type out struct {
	ok, exists, unknown bool
	value               int
	text                string
}

const none = -1000000

var register = porcupine.Model{
	Init: func() interface{} { return none },
	Step: func(state, input, output interface{}) (bool, interface{}) {
		st, i, o := state.(int), input.(in), output.(out)
		switch i.f {
		case "read":
			return o.unknown || (o.exists && o.value == st) || (!o.exists && st == none), state
		case "write":
			return true, i.a
		}
		next := st
		if st == i.a {
			next = i.b
		}
		return o.unknown || (st == i.a) == o.ok, next
	},
}

var text = porcupine.Model{
	PartitionEvent: func(history []porcupine.Event) [][]porcupine.Event {
		parts := make(map[string][]porcupine.Event)
		keys := make(map[int]string)
		for _, e := range history {
			if e.Kind == porcupine.CallEvent {
				keys[e.Id] = e.Value.(in).key
			}
			key := keys[e.Id]
			parts[key] = append(parts[key], e)
		}
		var all [][]porcupine.Event
		for _, part := range parts {
			all = append(all, part)
		}
		return all
	},
	Init: func() interface{} { return "" },
	Step: func(state, input, output interface{}) (bool, interface{}) {
		st, i, o := state.(string), input.(in), output.(out)
		switch i.f {
		case "get":
			return o.unknown || o.text == st, state
		case "put":
			return true, i.text
		}
		return true, st + i.text
	},
}

var logLine = regexp.MustCompile("^INFO\\\\s+jepsen\\\\.util\\\\s+-\\\\s+(\\\\d+)\\\\s+:(\\\\w+)\\\\s+:(\\\\w+)\\\\s+(.*)$")
var ednLine = regexp.MustCompile("{:process (\\\\d+), :type :(\\\\w+), :f :(\\\\w+), :key \\"(.*)\\", :value (nil|\\"(.*)\\")}")
var pair = regexp.MustCompile("^\\\\[(\\\\d+) (\\\\d+)\\\\]$")

func parse(path string) (porcupine.Model, []porcupine.Event) {
	file, err := os.Open(path)
	if err != nil {
		panic(err)
	}
	defer file.Close()
	model := register
	var events []porcupine.Event
	open := make(map[int]int)
	id := 0
	lines := bufio.NewScanner(file)
	lines.Buffer(make([]byte, 1<<20), 1<<26)
	for lines.Scan() {
		line := lines.Text()
		var proc int
		var kind string
		var input in
		var output out
		if m := logLine.FindStringSubmatch(line); m != nil {
			proc, _ = strconv.Atoi(m[1])
			kind = m[2]
			input.f = m[3]
			output.ok = kind == "ok"
			if p := pair.FindStringSubmatch(m[4]); p != nil {
				input.a, _ = strconv.Atoi(p[1])
				input.b, _ = strconv.Atoi(p[2])
			} else if n, err := strconv.Atoi(m[4]); err == nil {
				input.a, output.exists, output.value = n, true, n
			} else if strings.HasPrefix(m[4], ":") {
				if kind != "fail" || input.f != "read" {
					continue
				}
				output.unknown = true
			}
		} else if m := ednLine.FindStringSubmatch(line); m != nil {
			model = text
			proc, _ = strconv.Atoi(m[1])
			kind = m[2]
			input = in{f: m[3], key: m[4], text: m[6]}
			output.text = m[6]
		} else {
			continue
		}
		if kind == "invoke" {
			open[proc] = id
			events = append(events, porcupine.Event{ClientId: proc, Kind: porcupine.CallEvent, Value: input, Id: id})
			id++
		} else if known, ok := open[proc]; ok && kind != "info" {
			delete(open, proc)
			events = append(events, porcupine.Event{ClientId: proc, Kind: porcupine.ReturnEvent, Value: output, Id: known})
		}
	}
	for proc, known := range open {
		events = append(events, porcupine.Event{ClientId: proc, Kind: porcupine.ReturnEvent, Value: out{unknown: true}, Id: known})
	}
	return model, events
}

func ms(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e6 }

func peak() int64 {
	status, _ := os.ReadFile("/proc/self/status")
	for _, line := range strings.Split(string(status), "\\n") {
		if strings.HasPrefix(line, "VmHWM:") {
			kib, _ := strconv.ParseInt(strings.Fields(line)[1], 10, 64)
			return kib * 1024
		}
	}
	return 0
}

type result struct {
	Name    string  \`json:"name"\`
	Ok      bool    \`json:"ok"\`
	ParseMs float64 \`json:"parseMs"\`
	CheckMs float64 \`json:"checkMs"\`
}

func main() {
	raw, err := os.ReadFile(filepath.Join(os.Args[1], "verdicts.json"))
	if err != nil {
		panic(err)
	}
	var expected map[string]interface{}
	if err := json.Unmarshal(raw, &expected); err != nil {
		panic(err)
	}
	var results []result
	for name := range expected {
		start := time.Now()
		model, events := parse(filepath.Join(os.Args[1], name))
		parsed := time.Now()
		if len(events) == 0 {
			continue
		}
		ok := porcupine.CheckEvents(model, events)
		results = append(results, result{name, ok, ms(parsed.Sub(start)), ms(time.Since(parsed))})
	}
	printed, _ := json.Marshal(map[string]interface{}{"histories": results, "peakBytes": peak()})
	fmt.Println(string(printed))
}
`;
