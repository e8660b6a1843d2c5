// SPDX-License-Identifier: Apache-2.0
//
// What is at the other end of an output stream: a terminal that can redraw a
// line and show colours, or a file or pipe that gets plain text.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// One output stream and what it can show. Data belongs on standard output, everything else on standard error.
public struct Console: Sendable {
    /// The stream is a terminal whose cursor can be moved, so that a line can be drawn anew in place.
    public let isInteractive: Bool
    /// Text may carry ANSI styles.
    public let hasColor: Bool
    /// The locale is UTF-8, so that bars may be drawn with box characters.
    public let hasUnicode: Bool
    private let fixedWidth: Int?
    private let descriptor: Int32

    /// A stream with known properties, for output that goes elsewhere than to a descriptor.
    public init(isInteractive: Bool, hasColor: Bool, hasUnicode: Bool = true, width: Int = 80) {
        self.isInteractive = isInteractive
        self.hasColor = hasColor
        self.hasUnicode = hasUnicode
        fixedWidth = width
        descriptor = -1
    }

    /// Looks at a descriptor.
    ///
    /// Colour needs a terminal, a `TERM` other than `dumb`, an unset or empty `NO_COLOR` (https://no-color.org) and
    /// a caller that did not forbid it, as with `--no-color`.
    ///
    /// - Parameter variable: how to read an environment variable; by default from the process.
    public init(
        descriptor: Int32,
        allowsColor: Bool = true,
        isTerminal: (Int32) -> Bool = Self.isTerminal,
        variable: (String) -> String? = Self.processVariable
    ) {
        let terminalType = variable("TERM") ?? ""
        let isDumb = terminalType.isEmpty || terminalType == "dumb"
        isInteractive = isTerminal(descriptor) && !isDumb
        hasColor = isInteractive && allowsColor && (variable("NO_COLOR") ?? "").isEmpty
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].lazy.compactMap(variable).first { !$0.isEmpty } ?? ""
        let encoding = locale.uppercased()
        hasUnicode = encoding.contains("UTF-8") || encoding.contains("UTF8")
        fixedWidth = nil
        self.descriptor = descriptor
    }

    public static func standardOutput(allowsColor: Bool = true) -> Console {
        Console(descriptor: STDOUT_FILENO, allowsColor: allowsColor)
    }

    public static func standardError(allowsColor: Bool = true) -> Console {
        Console(descriptor: STDERR_FILENO, allowsColor: allowsColor)
    }

    /// Columns of the terminal at this moment; 80 where nothing says.
    public var width: Int {
        if let fixedWidth { return fixedWidth }
        var size = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }

    /// The text with styles around it where the stream shows them, otherwise as it is.
    public func styled(_ text: String, _ styles: Style...) -> String {
        guard hasColor, !styles.isEmpty, !text.isEmpty else { return text }
        let codes = styles.map { String($0.rawValue) }.joined(separator: ";")
        return "\u{1B}[\(codes)m\(text)\u{1B}[0m"
    }

    /// Writes all of a text to standard error, in one call so that lines of several processes do not mix.
    public static func writeToStandardError(_ text: String) {
        write(text, to: STDERR_FILENO)
    }

    /// Writes all of a text to standard output. A reader that went away is not an error.
    public static func writeToStandardOutput(_ text: String) {
        write(text, to: STDOUT_FILENO)
    }

    public static func isTerminal(_ descriptor: Int32) -> Bool {
        isatty(descriptor) == 1
    }

    public static func processVariable(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }
    }

    private static func write(_ text: String, to descriptor: Int32) {
        var text = text
        text.withUTF8 { _ = write(UnsafeRawBufferPointer($0), to: descriptor) }
    }

    /// Writes all bytes.
    /// - Returns: 0, or why there is no more to be written (`errno`).
    public static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Int32 {
        var rest = bytes
        while let address = rest.baseAddress, !rest.isEmpty {
            #if canImport(Glibc)
                let count = Glibc.write(descriptor, address, rest.count)
            #else
                let count = Darwin.write(descriptor, address, rest.count)
            #endif
            if count >= 0 {
                rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            } else if errno != EINTR {
                return errno
            }
        }
        return 0
    }
}

/// The styles in use; raw values are the ANSI codes (ECMA-48, "Select Graphic Rendition").
public enum Style: UInt8, Sendable {
    case bold = 1
    case dim = 2
    case red = 31
    case green = 32
    case yellow = 33
    case cyan = 36
}
