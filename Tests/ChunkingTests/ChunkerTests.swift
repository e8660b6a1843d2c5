// SPDX-License-Identifier: Apache-2.0
//
// How files of several languages are cut.

import Chunking
import Testing

@Suite struct ChunkerTests {
    /// Small limits, so that small fixtures show what happens to large files.
    private func outline(_ text: String, _ path: String, target: Int = 100, maximum: Int = 250) -> [String] {
        Chunker(limits: ChunkLimits(targetBytes: target, maximumBytes: maximum)).chunks(of: text, path: path)
            .map { "\($0.lines.lowerBound)-\($0.lines.upperBound) \($0.symbol ?? "")" }
    }

    private func symbols(_ text: String, _ path: String) -> [String] {
        Chunker(limits: ChunkLimits(targetBytes: 64, maximumBytes: 100)).chunks(of: text, path: path)
            .compactMap(\.symbol)
    }

    @Test func python() {
        let text = """
            import os
            import sys

            LIMIT = 3


            # Sends what is queued.
            @retrying(
                times=LIMIT)
            async def upload(queue,
                             timeout=10
            ):
                '''Uploads everything.
            def not_a_function():
                '''
                for item in queue:
                    await send(item)

            class Uploader(Base):
                '''Uploads files, one after the other, to the bucket that it was given.'''

                def __init__(self):
                    self.count = 0

                def retry(self, item):
                    # Again, and again, and again, and again, and again, and again.
                    return self.retry(item) or self.give_up(item) or None
            """
        #expect(
            outline(text, "up.py") == [
                "1-4 ", "7-17 upload", "19-20 Uploader", "22-23 Uploader.__init__", "25-27 Uploader.retry",
            ])
    }

    @Test func swift() {
        let text = #"""
            import Glibc

            /// Uploads files.
            @MainActor
            final class Uploader<Item: Sendable>: Base where Item: Hashable {
                private let text = "} \(count) {" // }

                /// Tries once more.
                func retry(_ item: Item, times: Int = 3) async throws -> Bool {
                    guard times > 0 else { return false }
                    return try await queue.map { $0.send("\(item)") }.count > 0
                }

                init?(_ name: String) {
                    /* a { /* nested */ { */
                    self.name = name + "some text to make this a little longer than it is"
                }

                var isIdle: Bool {
                    queue.isEmpty && waiting.isEmpty && running.isEmpty && stopped.isEmpty
                }
            }

            extension Uploader.Queue: Sequence {
                public static func < (first: Self, second: Self) -> Bool { first.number < second.number || false }
            }
            """#
        #expect(
            outline(text, "Up.swift") == [
                "1-1 ", "3-6 Uploader", "8-12 Uploader.retry", "14-17 Uploader.init", "19-22 Uploader.isIdle",
                "24-26 Uploader.Queue",
            ])
    }

    @Test func c() {
        let text = """
            #include <stdio.h>
            #define OPEN(x) if (x) {

            /* A point in the plane, and what there is to know about it: x, y. */
            struct point {
                int x, y;
            };

            static const char *names[] = { "one {", "two", "three", "four", "five", "six" };

            /* Where it all starts, as the origin of all the other points that are. */
            struct point *origin(int first,
                                 int second)
            {
            #ifdef WIDE
                if (first) {
            #else
                if (second) {
            #endif
                    putchar('{');
                }
                return 0;
            }

            int main(void)
            {
                for (int i = 0; i < 3; i++) { printf("a rather long line, to fill it: %d", i); }
                return 0;
            }
            """
        #expect(
            outline(text, "p.c", maximum: 260) == ["1-2 ", "4-7 point", "9-9 ", "11-23 origin", "25-29 main"])
    }

    @Test func rust() {
        let text = """
            #[derive(Debug)]
            pub struct Retry<'a> { name: &'a str, quote: char, count: usize, limit: usize, last: Option<u64> }

            impl<'a> fmt::Display for Retry<'a> {
                // Shows it.
                fn fmt(&self, f: &mut Formatter) -> Result { write!(f, r#"{" "#, '{', '\\'', self.name) }
            }

            pub(crate) async fn retry<T: Clone>(n: usize) -> Result<T> where T: Send { loop { if n > 3 { break; } } }
            """
        #expect(Set(symbols(text, "src/retry.rs")) == ["Retry", "Retry.fmt", "retry"])
    }

    @Test func go() {
        let text = """
            package main

            // Server answers.
            type Server struct {
            \tname string // a name that is long enough to fill a chunk by itself, with more
            }

            // Retry tries again, until the limit is reached or the context has been cancelled.
            func (s *Server[T]) Retry(ctx context.Context) (n int, err error) {
            \treturn 0, nil
            }

            func main() {
            \tfmt.Println(`a { raw
            string {`, func() int { return 1 }(), "and so on and so on and so on and so on")
            }
            """
        #expect(Set(symbols(text, "main.go")) == ["Server", "Server.Retry", "main"])
    }

    @Test(arguments: ["js", "ts"])
    func javaScript(suffix: String) {
        let text = """
            import { a } from "b"

            export class Store extends Base {
              constructor(options) { super(options); this.pattern = /[{/]\\/{/; this.items = []; this.size = 0 }
              async fetchAll(names) { return Promise.all(names.map(async (name) => { return this.fetch(`${name} {`) })) }
            }

            export const retry = async (task, times = 3) => {
              while (times-- > 0) { try { return await task() } catch { await pause("a moment, or perhaps more") } }
            }

            function upload(files) {
              return files.map(function (file) { return { name: file.name, size: file.size, at: Date.now() } })
            }
            """
        let symbols = symbols(text, "a." + suffix)
        #expect(Set(symbols).isSuperset(of: ["Store.constructor", "Store.fetchAll", "retry", "upload"]), "\(symbols)")
    }

    @Test func java() {
        let text = """
            package a.b;

            /** A queue. */
            @Service(name = "queue")
            public class Queue<T extends Comparable<T>> implements Iterable<T> {
                private final Map<String, T> items = new HashMap<>();

                @Override
                public Iterator<T> iterator() throws IllegalStateException { return items.values().iterator(); }

                interface Listener { void changed(String name, Object before, Object after, long time, int how); }

                public record Point(int x, int y) { Point { if (x < 0) throw new IllegalArgumentException("x" + x); } }
            }
            """
        let symbols = symbols(text, "Queue.java")
        #expect(Set(symbols).isSuperset(of: ["Queue.iterator", "Queue.Listener", "Queue.Point"]), "\(symbols)")
    }

    @Test func markdown() {
        let text = """
            ---
            title: x
            ---
            Some words in front of it all, which belong to no section whatever.

            # Guide

            What this is about, in a sentence or two that fill a chunk, more or less, and a bit.

            ## Installation

            ```sh
            # not a heading
            make install
            ```

            Under macOS
            -----------

            Use the installer, which asks for what it needs and does the rest without you.
            """
        #expect(
            outline(text, "README.md", maximum: 120) == [
                "1-4 ", "6-8 Guide", "10-15 Guide > Installation", "17-20 Guide > Under macOS",
            ])
    }

    @Test func restructuredText() {
        let text = """
            =====
            Title
            =====

            Some words at the start, which are about the whole of it, and then some more.

            First part
            ----------

            What the first part is about, in a few words that fill a chunk, and a few more.

            Details
            ~~~~~~~

            The details of the first part, of which there are many, and some of them are odd.

            Second part
            -----------

            What the second part is about: more of the same in other words, and other words.
            """
        #expect(
            outline(text, "index.rst", target: 120, maximum: 120) == [
                "1-5 Title", "7-10 Title > First part", "12-15 Title > First part > Details",
                "17-20 Title > Second part",
            ])
    }

    @Test func yaml() {
        let text = """
            # Comment
            name: build

            jobs:
              test:
                runs-on: a-machine-with-a-name-that-is-long-enough-to-fill-a-chunk
                steps:
                - run: swift test with a number of options that make the line long
                - run: swift build with a number of options that make the line long
              release:
                runs-on: another-machine-with-a-name-that-is-long-enough-to-fill-a-chunk
            """
        #expect(
            outline(text, ".github/ci.yml", maximum: 180) == [
                "1-2 ", "4-6 jobs.test", "7-9 jobs.test.steps", "10-11 jobs.release",
            ])
    }

    @Test func plainText() {
        let text = """
            A first paragraph, which is
            on two lines.

            A second one.

            A third paragraph, which is a little longer than the others were.
            """
        #expect(outline(text, "notes.txt") == ["1-4 ", "6-6 "])
        #expect(outline(text, "notes") == ["1-4 ", "6-6 "])
    }

    @Test(arguments: [
        ("a.rb", "module A\n  def self.up(x)\n    each do |y|\n      y\n    end\n  end\nend\n", "A"),
        ("a.lua", "local function up(x)\n  return x\nend\n", "up"),
        ("a.ex", "defmodule A.B do\n  def up(x) do\n    x\n  end\nend\n", "A.B"),
        ("a.sh", "up_load() {\n  echo hi\n}\n", "up_load"),
        ("a.php", "<?php\nfunction up($x) {\n  # a '\n  return 1;\n}\n", "up"),
        ("a.kt", "fun String.up(x: Int): Int {\n  return 1\n}\n", "String.up"),
        ("a.cpp", "template <class T>\nvoid A::B::up(T x) const {\n  return;\n}\n", "A.B.up"),
        ("a.cs", "[Test]\npublic async Task<int> Up(int x)\n{\n  return 1;\n}\n", "Up"),
        ("a.toml", "[package.metadata]\nname = 1\n", "package.metadata"), ("Makefile", "all:\n\techo\n", nil),
    ])
    func otherLanguages(path: String, text: String, symbol: String?) {
        let chunks = Chunker().chunks(of: text, path: path)
        #expect(chunks.count == 1)
        #expect(chunks.first?.symbol == symbol)
    }

    @Test func longFunctionsOverlapALittle() throws {
        let body = (1...60).map { "    step(\($0))" }.joined(separator: "\n")
        let chunks = Chunker(limits: ChunkLimits(targetBytes: 200, maximumBytes: 260))
            .chunks(of: "def run():\n\(body)\n\ndef other():\n    pass\n", path: "a.py")
        let parts = chunks.filter { $0.symbol == "run" }
        #expect(parts.count >= 4)
        for (first, second) in zip(parts, parts.dropFirst()) {
            #expect(first.lines.upperBound >= second.lines.lowerBound)
            #expect(first.lines.upperBound - second.lines.lowerBound < 3)
        }
        #expect(chunks.last?.symbol == "other")
    }

    @Test func longerWindowsMakeLongerChunks() {
        let text = (0..<100).map { "def f\($0)():\n    return \($0) + 1\n\n" }.joined()
        let counts = [128, 256, 8192].map {
            Chunker(limits: ChunkLimits(windowTokens: $0)).chunks(of: text, path: "a.py").count
        }
        #expect(counts[0] > counts[1] && counts[1] > counts[2] && counts[2] == 1)
    }

    @Test func languagesAreToldByName() {
        #expect(Language(path: "a/b.PY")?.name == "Python")
        #expect(Language(path: "a/Makefile")?.name == "Make")
        #expect(Language(path: "CMakeLists.txt")?.name == "CMake")
        #expect(Language(path: "a.d/b") == nil)
        #expect(Language(path: "") == nil)
    }
}
