// Command templates runs templates and their copies with tripwires by Go's own package, with a few of Helm's functions: a
// JSON array of cases on stdin, a JSON array of answers on stdout.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"text/template"
)

type templateCase struct {
	// Text is the template, Copy the same with tripwires, Check the template that the copy adds.
	Text  string `json:"text"`
	Copy  string `json:"copy"`
	Check string `json:"check"`
}

type outcome struct {
	// Output is what comes of it; null where it is refused.
	Output *string `json:"output"`
	// Called tells whether now or its like was called.
	Called bool `json:"called"`
}

type answer struct {
	Original outcome `json:"original"`
	// Again is the original in another run, in which what varies is another one.
	Again outcome `json:"again"`
	Copy  outcome `json:"copy"`
}

func main() {
	var cases []templateCase
	if err := json.NewDecoder(os.Stdin).Decode(&cases); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	answers := make([]answer, len(cases))
	for i, c := range cases {
		answers[i] = answer{render(c.Text, "", "first"), render(c.Text, "", "again"), render(c.Copy, c.Check, "first")}
	}
	if err := json.NewEncoder(os.Stdout).Encode(answers); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

var values = map[string]any{
	"Values": map[string]any{
		"on": true, "word": "w", "now": "field", "énow": "other",
		"plain": `{{ include "helper" . }}{{ .Values.word | quote }}`,
		"code":  `{{ now }}`, "hidden": `{{ print "}}" now }}`, "inner": `{{ tpl .Values.code .Values }}`,
		"escaped": `{{ print "\"" now "\"" }}`, "all": `{{ . }}`,
	},
}

const helper = `{{ define "helper" }}{{ if not .Values.on }}{{ now }}{{ end }}helped{{ end }}{{ define "now" }}defined{{ end }}`

func render(text, check, run string) outcome {
	var result outcome
	varying := func(...any) string {
		result.Called = true
		return run
	}
	root := template.New("root").Option("missingkey=zero")
	root.Funcs(template.FuncMap{
		"now": varying, "uuidv4": varying, "randAlpha": func(int) string { return varying() },
		"keys":       func(...any) string { return "keys in the order of " + run },
		"sortAlpha":  func(any) string { return "sorted" },
		"fail":       func(text string) (string, error) { return "", errors.New(text) },
		"quote":      func(given ...any) string { return fmt.Sprintf("%q", fmt.Sprint(given...)) },
		"contains":   func(part, text string) bool { return strings.Contains(text, part) },
		"replace":    func(from, to, text string) string { return strings.ReplaceAll(text, from, to) },
		"regexMatch": func(pattern, text string) bool { return regexp.MustCompile(pattern).MatchString(text) },
	})
	addCalls(root)
	for _, each := range []string{helper, check} {
		template.Must(root.New("more").Parse(each))
	}
	if output, err := execute(root, text, values); err == nil {
		result.Output = &output
	}
	return result
}

// addCalls gives a set of templates the functions that run others of it.
func addCalls(set *template.Template) {
	set.Funcs(template.FuncMap{
		"include": func(name string, data any) (string, error) {
			var output strings.Builder
			err := set.ExecuteTemplate(&output, name, data)
			return output.String(), err
		},
		"tpl": func(text string, data any) (string, error) {
			clone, err := set.Clone()
			if err != nil {
				return "", err
			}
			addCalls(clone)
			return execute(clone, text, data)
		},
	})
}

func execute(set *template.Template, text string, data any) (string, error) {
	parsed, err := set.New("text").Parse(text)
	if err != nil {
		return "", err
	}
	var output strings.Builder
	err = parsed.Execute(&output, data)
	return output.String(), err
}
