// Command vectors writes selector-vectors.json: which selectors labels.Parse of k8s.io/apimachinery accepts, what it
// makes of them, and which label sets they match. Deterministic: the same version of the module gives the same bytes.
//
// To run it again:
//
//	go mod init vectors && go get k8s.io/apimachinery@v0.36.4 && go run . > ../selector-vectors.json
package main

import (
	"encoding/json"
	"fmt"
	"math/rand"
	"os"
	"runtime/debug"
	"strings"

	"k8s.io/apimachinery/pkg/labels"
)

// Written by hand: each stands for a rule of the grammar.
var selectors = []string{
	"", " ", "a", "!a", "! a", "a=b", "a==b", "a!=b", "a = b", "a\t==\nb", "a=", "a==", "a!=", "a=,b=", "a in (b)", "a in (b,c)",
	"a in ( b , c )", "a notin (b)", "a notin (b,c)", "a in ()", "a notin ()", "a in (,)", "a in (b,)", "a in (,b)", "a in (b,,c)",
	"a in (,,)", "a in (b c)", "a in b", "a in", "a in (", "a in (b", "a in b)", "in", "notin", "in in (in)", "notin notin (notin,in)",
	"a=in", "a=notin", "in=a", "!in", "a,in", "a>1", "a<1", "a > 1", "a>-1", "a>+1", "a>b", "a>", "a>1.5", "a>=1", "a<=1", "a=>1",
	"a>9223372036854775807", "a>9223372036854775808", "a<007", "a>1,a<5", "a,b", "a,,b", ",a", "a,", "a, b ,c", "a b", "!a=b", "!a in (b)",
	"!!a", "!", "a!", "a!b", "a=b==c", "a==b==c", "a===b", "a=!b", "a!==b", "(a)", "a)", "a=b)", "a in ((b))", "a in (b)(c)", "a in (b) c",
	"a in (b),c", "a=b=c", "example.com/a=b", "example.com/a", "/a", "a/", "a/b/c", "Example.com/a", "-a", "a-", "a.b_c-d", "_a", "a_", "a=-b",
	"a=b-", "a=b.c", "a=b/c", "a=b c", "é=b", "a=é", "a=\"b\"", "a='b'", "a:b", "a in [b]", "a in {b}", "A=B", "1=2", "a=1", "ain (b)",
	"a in(b)", "a notin(b)", "a IN (b)", "a not in (b)", "!a,b!=c,d in (e,f),g>3", "a=b,a=c", "a!=b,a", "x in (foo,,baz),y,z notin ()",
	"a in (!b)", "a in (b=c)", "a=(b)", "a=,", "=", "==b", "=b", "!=b", ">1", "a\r\n=b", "a\u00a0=b", "a;b", "a|b", "a&b", "a in (b;c)",
	strings.Repeat("k", 63), strings.Repeat("k", 64), "a=" + strings.Repeat("v", 63), "a=" + strings.Repeat("v", 64),
	strings.Repeat("p", 253) + "/a", strings.Repeat("p", 254) + "/a", "a..b/c", "a.b./c", "a/b=c,d", "a=b,,", "a in (b,c),", "!a,", "!,a",
}

// Pieces that random selectors are made of.
var pieces = []string{"a", "b", "in", "notin", "=", "==", "!=", "!", ",", "(", ")", " ", ">", "<", "1", "23", "x/y", "a in (b,1)", "-"}

// Requirements that are valid; random ones of them make selectors that are.
var requirements = []string{
	"a", "!a", "b", "!d", "a=b", "a == c", "a!=b", "b!=c", "a in (b,c)", "a in (,1,23)", "a notin (b,1)", "d notin (x)", "g>3", "g<3", "a>2",
	"a<100", "in", "!in", "in in (in)", "x/y=b", "x/y", "example.com/a!=c", "a=", "a!=", "b in ()", "notin notin (x)",
}

var sets = []labels.Set{
	{}, {"a": ""}, {"a": "b"}, {"a": "c"}, {"a": "1"}, {"a": "3"}, {"a": "23"}, {"a": "007"}, {"b": "c"}, {"a": "b", "b": "c"}, {"a": "in"},
	{"in": "in"}, {"notin": "x"}, {"a": "b", "d": "e", "g": "4"}, {"example.com/a": "b"}, {"a": "9223372036854775808"}, {"x/y": "b"},
}

type vector struct {
	Selector string `json:"selector"`
	Accepted bool   `json:"accepted"`
	// Numbers of the label sets that it matches.
	Matches []int `json:"matches,omitempty"`
}

func main() {
	random := rand.New(rand.NewSource(1))
	all := selectors
	for i := 0; i < 600; i++ {
		var text strings.Builder
		for n := 1 + random.Intn(9); n > 0; n-- {
			text.WriteString(pieces[random.Intn(len(pieces))])
		}
		all = append(all, text.String())
	}
	for i := 0; i < 150; i++ {
		var parts []string
		for n := 2 + random.Intn(3); n > 0; n-- {
			parts = append(parts, requirements[random.Intn(len(requirements))])
		}
		all = append(all, strings.Join(parts, []string{",", ", ", " ,\n"}[random.Intn(3)]))
	}
	seen := map[string]bool{}
	var vectors []vector
	for _, text := range all {
		if seen[text] {
			continue
		}
		seen[text] = true
		vectors = append(vectors, vectorOf(text))
	}
	write(vectors)
}

func vectorOf(text string) vector {
	parsed, err := labels.Parse(text)
	if err != nil {
		return vector{Selector: text}
	}
	result := vector{Selector: text, Accepted: true}
	for i, set := range sets {
		if parsed.Matches(set) {
			result.Matches = append(result.Matches, i)
		}
	}
	return result
}

// write prints one vector a line, so that a change of the library is a readable diff.
func write(vectors []vector) {
	version := "unknown"
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, module := range info.Deps {
			if module.Path == "k8s.io/apimachinery" {
				version = module.Version
			}
		}
	}
	fmt.Printf("{\n\"generated\": \"by vectors/main.go from k8s.io/apimachinery %s\",\n\"sets\": %s,\n\"vectors\": [\n", version, line(sets))
	for i, v := range vectors {
		end := ","
		if i == len(vectors)-1 {
			end = ""
		}
		fmt.Printf("%s%s\n", line(v), end)
	}
	fmt.Println("]\n}")
}

func line(value any) string {
	var text strings.Builder
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return strings.TrimSpace(text.String())
}
