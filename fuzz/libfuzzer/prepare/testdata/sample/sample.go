// Package sample has fuzz targets of all shapes that packages of the module have.
package sample

// Broken says that an input is one that the targets must fail at.
func Broken(s string) bool { return s == "broken" }
