import Glibc
import Synchronization

/// The directory that mail goes to, one file a mail, named in order of arrival.
final class MailDirectory: Sendable {
    private let path: String
    private let counter: Atomic<UInt64>
    /// Sets this process's files apart, so that none is ever overwritten.
    private let mark: String

    /// Makes the directory where it does not exist, and counts on from what is in it.
    init(_ path: String) throws(FileFault) {
        self.path = path
        try Self.make(path)
        counter = Atomic(try Self.highestNumber(in: path))
        mark = Self.padded(String(UInt32.random(in: 0 ... .max), radix: 16), to: 8)
    }

    /// Stores a mail: the file appears whole or not at all. Blocks.
    func store(_ mail: [UInt8]) throws(FileFault) {
        let number = counter.add(1, ordering: .relaxed).newValue
        let name = "\(Self.padded(String(number), to: 12))-\(mark).eml"
        try Self.write(mail, to: "\(path)/\(name)", by: "\(path)/.\(name).part")
    }

    /// Writes a file under another name and renames it. Blocks.
    static func write(_ bytes: [UInt8], to path: String, by temporary: String) throws(FileFault) {
        let file = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard file >= 0 else { throw FileFault("open") }
        do {
            try writeAll(bytes, to: file)
        } catch {
            close(file)
            unlink(temporary)
            throw error
        }
        guard close(file) == 0, rename(temporary, path) == 0 else {
            let fault = FileFault("rename")
            unlink(temporary)
            throw fault
        }
    }

    private static func writeAll(_ bytes: [UInt8], to file: Int32) throws(FileFault) {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { Glibc.write(file, $0.baseAddress! + written, $0.count - written) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw FileFault("write") }
            written += count
        }
    }

    private static func make(_ path: String) throws(FileFault) {
        var made = path.hasPrefix("/") ? "/" : ""
        for part in path.split(separator: "/") {
            made += "\(part)/"
            if mkdir(made, 0o755) != 0, errno != EEXIST { throw FileFault("mkdir") }
        }
    }

    private static func highestNumber(in path: String) throws(FileFault) -> UInt64 {
        guard let directory = opendir(path) else { throw FileFault("opendir") }
        defer { closedir(directory) }
        var highest: UInt64 = 0
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name.hasSuffix(".eml"), let number = UInt64(name.prefix { $0 != "-" }) { highest = max(highest, number) }
        }
        return highest
    }

    private static func padded(_ text: String, to width: Int) -> String {
        String(repeating: "0", count: max(0, width - text.count)) + text
    }
}

/// A file operation that failed.
struct FileFault: Error, CustomStringConvertible {
    let operation: String
    let number: Int32

    /// Takes the number from `errno`.
    init(_ operation: String) {
        number = errno
        self.operation = operation
    }

    var description: String { "\(operation): \(String(cString: strerror(number)))" }
}
