// SPDX-License-Identifier: Apache-2.0
//
// The languages that are known, by extension and by name.

extension Language {
    static let extensions: [String: Language] = table(\.extensions)
    static let names: [String: Language] = table(\.names)

    private struct Entry {
        let language: Language
        let extensions: [String]
        let names: [String]
    }

    private static func table(_ keys: (Entry) -> [String]) -> [String: Language] {
        var table: [String: Language] = [:]
        for entry in entries {
            for key in keys(entry) { table[key] = entry.language }
        }
        return table
    }

    private static func entry(
        _ name: String, _ structure: Structure, _ extensions: String, names: String = "", comment: String? = nil,
        ctags: String? = nil
    ) -> Entry {
        Entry(
            language: Language(name, structure, comment: comment, ctagsName: ctags),
            extensions: extensions.split(separator: " ").map(String.init),
            names: names.split(separator: " ").map(String.init))
    }

    private static func braces(
        _ name: String, _ extensions: String, names: String = "", comment: String = "//",
        _ configure: (inout BraceSyntax) -> Void = { _ in }
    ) -> Entry {
        var syntax = BraceSyntax()
        configure(&syntax)
        return entry(name, .braces(syntax), extensions, names: names, comment: comment)
    }

    private static func indented(
        _ name: String, _ extensions: String, names: String = "", comment: String = "#", keywords: String,
        modifiers: String = "", _ configure: (inout IndentationSyntax) -> Void = { _ in }
    ) -> Entry {
        var syntax = IndentationSyntax(keywords: Set(keywords.split(separator: " ").map(String.init)))
        syntax.modifiers = Set(modifiers.split(separator: " ").map(String.init))
        syntax.lineComment = comment
        configure(&syntax)
        return entry(name, .indentation(syntax), extensions, names: names, comment: comment)
    }

    private static let entries = braceLanguages + indentedLanguages + documents + others

    private static let braceLanguages: [Entry] = [
        braces("Swift", "swift swiftinterface") {
            $0.hasTripleQuotes = true
            $0.hasNestedComments = true
            $0.hasHashStrings = true
            $0.endsStatementsWithLines = true
        },
        braces("C", "c h") { $0.hasPreprocessor = true },
        braces("C++", "cc cpp cxx c++ hh hpp hxx h++ ipp inl tpp cu cuh") { $0.hasPreprocessor = true },
        braces("Objective-C", "m mm") { $0.hasPreprocessor = true },
        braces("C#", "cs csx") {
            $0.hasPreprocessor = true
            $0.hasTripleQuotes = true
        },
        braces("Java", "java") { $0.hasTripleQuotes = true },
        braces("Kotlin", "kt kts") {
            $0.hasTripleQuotes = true
            $0.hasNestedComments = true
            $0.endsStatementsWithLines = true
        },
        braces("Scala", "scala sc") {
            $0.hasTripleQuotes = true
            $0.hasNestedComments = true
            $0.endsStatementsWithLines = true
        },
        braces("Groovy", "groovy gradle", names: "jenkinsfile") {
            $0.singleQuote = .string
            $0.hasTripleQuotes = true
            $0.endsStatementsWithLines = true
        },
        braces("Go", "go") {
            $0.hasBacktickStrings = true
            $0.endsStatementsWithLines = true
        },
        braces("Rust", "rs") {
            $0.hasNestedComments = true
            $0.hasHashStrings = true
        },
        braces("JavaScript", "js mjs cjs jsx") { javaScript(&$0) },
        braces("TypeScript", "ts mts cts tsx") { javaScript(&$0) },
        braces("Vue", "vue svelte") { javaScript(&$0) },
        braces("Dart", "dart") {
            $0.singleQuote = .string
            $0.hasTripleQuotes = true
        },
        braces("PHP", "php phtml") {
            $0.singleQuote = .string
            $0.hasHashComments = true
        },
        braces("Zig", "zig"),
        braces("D", "d di") { $0.hasNestedComments = true },
        braces("Solidity", "sol") { $0.singleQuote = .string },
        braces("Protocol Buffers", "proto") { $0.singleQuote = .string },
        braces("Thrift", "thrift") { $0.singleQuote = .string },
        braces("GLSL", "glsl vert frag comp metal hlsl wgsl") { $0.hasPreprocessor = true },
        braces("V", "v vsh") { $0.endsStatementsWithLines = true },
    ]

    private static func javaScript(_ syntax: inout BraceSyntax) {
        syntax.singleQuote = .string
        syntax.hasBacktickStrings = true
        syntax.hasRegularExpressions = true
        syntax.endsStatementsWithLines = true
    }

    private static let indentedLanguages: [Entry] = [
        indented(
            "Python", "py pyi pyw pyx pxd bzl", names: "sconstruct sconscript wscript build build.bazel workspace",
            keywords: "def class", modifiers: "async cdef cpdef"
        ) {
            $0.closers = []
            $0.hasTripleQuotes = true
        },
        indented(
            "Ruby", "rb rake gemspec ru", names: "rakefile gemfile podfile vagrantfile fastfile",
            keywords: "def class module", modifiers: "private protected public private_class_method"),
        indented("Crystal", "cr", keywords: "def class module struct macro", modifiers: "private protected abstract"),
        indented("Lua", "lua luau", comment: "--", keywords: "function", modifiers: "local"),
        indented("Elixir", "ex exs", keywords: "def defp defmodule defmacro defprotocol defimpl"),
        indented("Julia", "jl", keywords: "function struct module macro", modifiers: "mutable"),
        indented("Nim", "nim nims", keywords: "proc func method template macro iterator type"),
        indented("GDScript", "gd", keywords: "func class", modifiers: "static") { $0.closers = [] },
        indented("Shell", "sh bash zsh ksh fish bats", names: "configure .bashrc .zshrc .profile", keywords: "function")
        {
            $0.hasNamesInFront = true
        },
        indented("R", "r", keywords: "setClass") { $0.hasNamesInFront = true },
        indented("Perl", "pl pm t", keywords: "sub package"),
        indented("PowerShell", "ps1 psm1", keywords: "function class filter"),
        indented("Tcl", "tcl", keywords: "proc"),
        indented("Terraform", "tf tfvars hcl", keywords: "resource data module variable output provider"),
        indented("Awk", "awk", keywords: "function"),
        indented(
            "Fortran", "f90 f95 f03 f08 f", comment: "!",
            keywords: "subroutine function module program", modifiers: "pure elemental recursive integer real"),
        indented("MATLAB", "mat", comment: "%", keywords: "function classdef"),
    ]

    private static let documents: [Entry] = [
        entry("Markdown", .headings(.markdown), "md markdown mdx mkd qmd rmd"),
        entry("reStructuredText", .headings(.restructuredText), "rst rest"),
        entry("AsciiDoc", .headings(.asciiDoc), "adoc asciidoc"),
        entry("Org", .headings(.org), "org"),
        entry("LaTeX", .headings(.latex), "tex ltx sty", comment: "%"),
        entry("text", .paragraphs, "txt text", names: "license licence copying authors notice changelog news"),
    ]

    private static let others: [Entry] = [
        entry("YAML", .keys, "yaml yml", comment: "#"),
        entry("TOML", .headings(.brackets), "toml", comment: "#"),
        entry("INI", .headings(.brackets), "ini cfg conf properties editorconfig service", comment: "#"),
        entry("JSON", .paragraphs, "json jsonc json5 jsonl ndjson geojson"),
        entry("XML", .paragraphs, "xml xsd xsl xslt plist storyboard xib csproj props targets svg"),
        entry("HTML", .paragraphs, "html htm xhtml"),
        entry("CSS", .paragraphs, "css scss sass less"),
        entry("SQL", .paragraphs, "sql ddl psql", comment: "--", ctags: "a.sql"),
        entry("Haskell", .paragraphs, "hs lhs", comment: "--", ctags: "a.hs"),
        entry("OCaml", .paragraphs, "ml mli", ctags: "a.ml"),
        entry("F#", .paragraphs, "fs fsx fsi", comment: "//"),
        entry("Erlang", .paragraphs, "erl hrl", comment: "%", ctags: "a.erl"),
        entry("Clojure", .paragraphs, "clj cljs cljc edn", comment: ";", ctags: "a.clj"),
        entry("Lisp", .paragraphs, "lisp el scm rkt cl", comment: ";", ctags: "a.lisp"),
        entry("Assembly", .paragraphs, "s asm", comment: "#", ctags: "a.s"),
        entry("Ada", .paragraphs, "adb ads", comment: "--", ctags: "a.adb"),
        entry("Pascal", .paragraphs, "pas pp lpr", ctags: "a.pas"),
        entry("VHDL", .paragraphs, "vhd vhdl", comment: "--", ctags: "a.vhd"),
        entry("Verilog", .paragraphs, "sv svh", comment: "//", ctags: "a.sv"),
        entry("Make", .paragraphs, "mk mak", names: "makefile gnumakefile", comment: "#", ctags: "a.mk"),
        entry("CMake", .paragraphs, "cmake", names: "cmakelists.txt", comment: "#", ctags: "a.cmake"),
        entry("Docker", .paragraphs, "dockerfile", names: "dockerfile containerfile", comment: "#"),
        entry("Nix", .paragraphs, "nix", comment: "#"),
        entry("GraphQL", .paragraphs, "graphql gql", comment: "#"),
        entry("Vim script", .paragraphs, "vim", names: ".vimrc", ctags: "a.vim"),
        entry("diff", .paragraphs, "diff patch"),
        entry("CSV", .paragraphs, "csv tsv"),
    ]
}
