package build

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"smpcheck/vectors"
)

// object is a JSON object.
type object = map[string]any

// list is a JSON array.
type list = []any

// Schema returns a closed JSON Schema for files of the kind of f: it names every field
// of every group.
func Schema(f *vectors.File) ([]byte, error) {
	d, err := vectors.Operations()
	if err != nil {
		return nil, err
	}
	s := schema{Dictionary: d, defs: object{}}
	groups := list{}
	for _, g := range f.Groups {
		group, err := s.group(g)
		if err != nil {
			return nil, fmt.Errorf("schema of group %s: %w", g.Name, err)
		}
		groups = append(groups, group)
	}
	text := object{"type": "string", "minLength": 1}
	root := closed(object{
		"format":   object{"const": f.Format},
		"kind":     object{"const": f.Kind},
		"what":     text,
		"source":   closed(object{"repository": object{"const": f.Source.Repository}, "version": text, "code_licence": text, "note": text}),
		"versions": object{"const": f.Versions},
		"count":    object{"type": "integer", "minimum": 1},
		"notes":    object{"type": "array", "items": text},
		"flags":    object{"type": "object", "propertyNames": object{"$ref": "#/$defs/flag"}, "additionalProperties": text},
		"groups":   object{"type": "array", "minItems": 1, "items": object{"oneOf": groups}},
	})
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["title"] = "test vectors: " + f.What
	s.defs["flag"] = object{"type": "string", "pattern": "^[A-Z][A-Za-z0-9]*$"}
	root["$defs"] = s.defs
	return marshal(root)
}

type schema struct {
	*vectors.Dictionary
	defs object
}

func (s schema) group(g vectors.Group) (object, error) {
	tests := list{}
	for i, name := range g.Operations {
		o := s.Operations[name]
		inputs, err := s.fields(o.Inputs)
		if err != nil {
			return nil, err
		}
		if i == 0 {
			valid, err := s.valid(o, inputs)
			if err != nil {
				return nil, err
			}
			tests = append(tests, valid)
		}
		tests = append(tests, test(object{
			"operation": object{"const": name}, "inputs": inputs, "result": object{"const": "invalid"},
			"error": object{"enum": s.classes()}, "output": object{"type": "null"}, "flags": flags,
		}))
	}
	return closed(object{
		"name":       object{"const": g.Name},
		"what":       object{"type": "string", "minLength": 1},
		"operations": object{"const": g.Operations},
		"tests":      object{"type": "array", "minItems": 1, "items": object{"oneOf": tests}},
	}), nil
}

func (s schema) valid(o *vectors.Operation, inputs object) (object, error) {
	output, err := s.fields(o.Output)
	if err != nil {
		return nil, err
	}
	properties := object{"inputs": inputs, "result": object{"const": "valid"}, "output": output}
	if len(o.Intermediate) > 0 {
		if properties["intermediate"], err = s.fields(o.Intermediate); err != nil {
			return nil, err
		}
	}
	t := test(properties)
	t["properties"].(object)["flags"] = flags
	return t, nil
}

var flags = object{"type": "array", "minItems": 1, "uniqueItems": true, "items": object{"$ref": "#/$defs/flag"}}

// test is the schema of a test with the properties, and an id and an explanation.
func test(properties object) object {
	properties["id"] = object{"type": "string", "minLength": 1}
	properties["what"] = object{"type": "string", "minLength": 1}
	properties["checksum"] = object{"type": "string", "pattern": "^[0-9a-f]{16}$"}
	return closed(properties)
}

// closed is the schema of an object that has exactly the properties.
func closed(properties object) object {
	required := vectors.Fields{}
	for name := range properties {
		required[name] = ""
	}
	return object{"type": "object", "required": required.Names(), "properties": properties, "additionalProperties": false}
}

func (s schema) classes() []string { return vectors.Fields(s.Errors).Names() }

func (s schema) fields(fields vectors.Fields) (object, error) {
	properties := object{}
	for name, of := range fields {
		base := vectors.BaseType(of)
		if err := s.define(base); err != nil {
			return nil, err
		}
		property := object{"$ref": "#/$defs/" + base}
		for range strings.Count(of, "[]") {
			property = object{"type": "array", "items": property}
		}
		if strings.HasSuffix(of, "?") {
			property = object{"anyOf": list{property, object{"type": "null"}}}
		}
		properties[name] = property
	}
	return closed(properties), nil
}

var reference = regexp.MustCompile(`"#/\$defs/([A-Za-z0-9_]+)"`)

// define adds a type and all that it refers to.
func (s schema) define(name string) error {
	if _, done := s.defs[name]; done {
		return nil
	}
	t, ok := s.Types[name]
	if !ok {
		return fmt.Errorf("type %q is not in the dictionary", name)
	}
	var definition object
	if err := json.Unmarshal(t.Schema, &definition); err != nil {
		return fmt.Errorf("type %s: %w", name, err)
	}
	definition["description"] = t.What
	s.defs[name] = definition
	for _, found := range reference.FindAllStringSubmatch(string(t.Schema), -1) {
		if err := s.define(found[1]); err != nil {
			return fmt.Errorf("type %s: %w", name, err)
		}
	}
	return nil
}
