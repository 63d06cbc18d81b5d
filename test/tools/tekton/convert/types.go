package main

import (
	"reflect"
	"strings"
)

// structs holds, by name, the fields that JSON may hold of a Go struct: each with the name of its type, after `[]` for a slice and `{}` for a map.
type structs map[string]map[string]string

func structsOf(values ...any) structs {
	all := structs{}
	for _, value := range values {
		all.add(reflect.TypeOf(value))
	}
	return all
}

// add returns the type's name. A type that has its own way with JSON is known by its name alone.
func (all structs) add(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Pointer:
		return all.add(t.Elem())
	case reflect.Slice:
		return "[]" + all.add(t.Elem())
	case reflect.Map:
		return "{}" + all.add(t.Elem())
	case reflect.Struct:
	default:
		return t.Kind().String()
	}
	if writesItself(t) {
		return t.Name()
	}
	name := t.Name()
	if strings.HasPrefix(t.PkgPath(), "k8s.io/") {
		name = "k8s." + name
	}
	if _, known := all[name]; !known {
		all[name] = map[string]string{}
		all.addFields(t, all[name])
	}
	return name
}

func (all structs) addFields(t reflect.Type, fields map[string]string) {
	for i := range t.NumField() {
		field := t.Field(i)
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		switch {
		case name == "-":
		case name == "" && field.Anonymous:
			inner := field.Type
			if inner.Kind() == reflect.Pointer {
				inner = inner.Elem()
			}
			all.addFields(inner, fields)
		case name != "":
			fields[name] = all.add(field.Type)
		}
	}
}

func writesItself(t reflect.Type) bool {
	_, found := reflect.PointerTo(t).MethodByName("UnmarshalJSON")
	return found
}
