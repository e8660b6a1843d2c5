// SPDX-License-Identifier: Apache-2.0
//
// Reads zip archives (PKWARE APPNOTE 6.3), which wheels are: the central
// directory, and single members written to files. Nothing in one is trusted.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

struct ZipArchive: ~Copyable {
    struct Member: Sendable {
        /// As the archive says; check it before joining it to a folder.
        let name: String
        let bytes: Int64
        fileprivate let compressedBytes: Int
        fileprivate let method: Int
        fileprivate let checksum: UInt32
        fileprivate let headerOffset: Int
    }

    /// Files; folders are left out.
    let members: [Member]
    private let path: String
    private let content: UnsafeRawBufferPointer

    init(path: String) throws(ModelStoreError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system("open", path, errno) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .system("read", path, errno) }
        let count = Int(status.st_size)
        guard count >= 22, let address = mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0),
            address != MAP_FAILED
        else { throw Self.damaged(path) }
        let content = UnsafeRawBufferPointer(start: address, count: count)
        do {
            members = try Self.members(content, path: path)
        } catch {
            munmap(address, count)
            throw error
        }
        self.content = content
        self.path = path
    }

    deinit {
        munmap(UnsafeMutableRawPointer(mutating: content.baseAddress), content.count)
    }

    /// Writes a member to a new file, which is on the disk when this returns.
    func extract(_ member: Member, to target: String) throws(ModelStoreError) {
        // The local header repeats the central one, with name and extra field of its own lengths.
        let header = member.headerOffset
        guard header + 30 <= content.count, content.littleEndian32(header) == 0x0403_4B50 else {
            throw Self.damaged(path)
        }
        let start = header + 30 + content.littleEndian16(header + 26) + content.littleEndian16(header + 28)
        guard start + member.compressedBytes <= content.count else { throw Self.damaged(path) }
        let data = UnsafeRawBufferPointer(rebasing: content[start..<start + member.compressedBytes])

        try Disk.makeFolder(Disk.parent(of: target))
        let output = open(target, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard output >= 0 else { throw .system("create", target, errno) }
        defer { close(output) }
        var checksum = Checksum()
        var written: Int64 = 0
        do {
            switch member.method {
            case 0:
                checksum.update(data)
                try Disk.writeAll(data, to: output, path: target)
                written = Int64(data.count)
            case 8:
                written = try Inflate.run(data, limit: member.bytes) { portion in
                    checksum.update(portion)
                    try Disk.writeAll(portion, to: output, path: target)
                }
            default:
                throw ModelStoreError(
                    .unsupported, "'\(path)' uses compression method \(member.method) of zip; only 0 and 8 are known")
            }
        } catch let error as ModelStoreError {
            throw error
        } catch {
            throw Self.damaged(path)
        }
        guard written == member.bytes, checksum.value == member.checksum else { throw Self.damaged(path) }
        guard fsync(output) == 0 else { throw .system("write", target, errno) }
    }

    // MARK: - The central directory

    private static func members(_ content: UnsafeRawBufferPointer, path: String) throws(ModelStoreError) -> [Member] {
        // The end record is the last 22 bytes and a comment of up to 65535.
        let earliest = max(0, content.count - 22 - 65535)
        guard
            let end = stride(from: content.count - 22, through: earliest, by: -1)
                .first(where: { content.littleEndian32($0) == 0x0605_4B50 })
        else { throw damaged(path) }
        let count = content.littleEndian16(end + 10)
        var offset = content.littleEndian32(end + 16)
        guard count != 0xFFFF, offset != 0xFFFF_FFFF else {
            throw ModelStoreError(.unsupported, "'\(path)' is a zip64 archive, which Hearth does not read")
        }
        var members: [Member] = []
        for _ in 0..<count {
            guard offset + 46 <= end, content.littleEndian32(offset) == 0x0201_4B50 else { throw damaged(path) }
            let nameLength = content.littleEndian16(offset + 28)
            let next =
                offset + 46 + nameLength + content.littleEndian16(offset + 30) + content.littleEndian16(offset + 32)
            guard next <= end,
                let name = String(validating: content[offset + 46..<offset + 46 + nameLength], as: UTF8.self)
            else { throw damaged(path) }
            let isEncrypted = content.littleEndian16(offset + 8) & 1 == 1
            if !name.hasSuffix("/"), !isEncrypted {
                members.append(
                    Member(
                        name: name, bytes: Int64(content.littleEndian32(offset + 24)),
                        compressedBytes: content.littleEndian32(offset + 20),
                        method: content.littleEndian16(offset + 10),
                        checksum: UInt32(content.littleEndian32(offset + 16)),
                        headerOffset: content.littleEndian32(offset + 42)))
            }
            offset = next
        }
        return members
    }

    private static func damaged(_ path: String) -> ModelStoreError {
        ModelStoreError(.corrupt, "'\(path)' is no whole zip archive")
    }
}

/// CRC-32 of zip (ISO 3309), slicing by eight.
private struct Checksum {
    private var state: UInt32 = 0xFFFF_FFFF

    var value: UInt32 { ~state }

    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        Self.tables.withUnsafeBufferPointer { tables in
            var state = state
            var index = 0
            while index + 8 <= bytes.count {
                let low = bytes.loadUnaligned(fromByteOffset: index, as: UInt32.self).littleEndian ^ state
                let high = bytes.loadUnaligned(fromByteOffset: index + 4, as: UInt32.self).littleEndian
                state =
                    tables[1792 + Int(low & 255)] ^ tables[1536 + Int(low >> 8 & 255)]
                    ^ tables[1280 + Int(low >> 16 & 255)] ^ tables[1024 + Int(low >> 24)]
                    ^ tables[768 + Int(high & 255)] ^ tables[512 + Int(high >> 8 & 255)]
                    ^ tables[256 + Int(high >> 16 & 255)] ^ tables[Int(high >> 24)]
                index += 8
            }
            while index < bytes.count {
                state = state >> 8 ^ tables[Int((state ^ UInt32(bytes[index])) & 255)]
                index += 1
            }
            self.state = state
        }
    }

    private static let tables: [UInt32] = {
        var tables = [UInt32](repeating: 0, count: 8 * 256)
        for byte in 0..<256 {
            var value = UInt32(byte)
            for _ in 0..<8 { value = value & 1 == 1 ? value >> 1 ^ 0xEDB8_8320 : value >> 1 }
            tables[byte] = value
        }
        for index in 256..<8 * 256 {
            let value = tables[index - 256]
            tables[index] = value >> 8 ^ tables[Int(value & 255)]
        }
        return tables
    }()
}

extension UnsafeRawBufferPointer {
    fileprivate func littleEndian16(_ offset: Int) -> Int {
        Int(self[offset]) | Int(self[offset + 1]) << 8
    }

    fileprivate func littleEndian32(_ offset: Int) -> Int {
        littleEndian16(offset) | littleEndian16(offset + 2) << 16
    }
}
