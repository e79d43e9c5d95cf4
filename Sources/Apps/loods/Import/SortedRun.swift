import Contracts
import Foundation
import Model
import ServiceRuntime

/// Events in a temporary file, in the order in which they were added.
///
/// The file loses its name as soon as it is open, so that it ends with the process, however that ends.
struct SortedRun {
    private static let frameEvents = 256

    private let file: FileHandle
    private var frame: [AcceptedEvent] = []

    init() throws {
        let folder = FileManager.default.temporaryDirectory
        let path = folder.appendingPathComponent("loods-import-\(UniqueID.random())").path
        let descriptor = open(path, O_RDWR | O_CREAT | O_EXCL, 0o600)
        guard descriptor >= 0 else { throw Self.fault(String(cString: strerror(errno))) }
        unlink(path)
        file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    }

    mutating func append(_ event: AcceptedEvent) throws {
        frame.append(event)
        if frame.count == Self.frameEvents { try flush() }
    }

    /// To be called when nothing more is added.
    mutating func finish() throws { try flush() }

    /// Reads the run from its beginning; one reader at a time.
    func reader() throws -> Reader { try Reader(file) }

    private mutating func flush() throws {
        guard !frame.isEmpty else { return }
        let body = EventBatch(id: UniqueID(high: 0, low: 0), events: frame).encoded
        let size = withUnsafeBytes(of: UInt32(body.count).littleEndian) { Array($0) }
        frame = []
        do { try file.write(contentsOf: Data(size + body)) } catch { throw Self.fault("\(error.localizedDescription)") }
    }

    fileprivate static func fault(_ reason: String) -> ExitFault {
        ExitFault(
            code: .failures,
            message: """
                sorting needs a temporary file in \(FileManager.default.temporaryDirectory.path): \(reason). TMPDIR names \
                another folder. Nothing has been published
                """)
    }
}

extension SortedRun {
    /// Not for use by several threads at once.
    final class Reader {
        private let file: FileHandle
        private var frame: ArraySlice<AcceptedEvent> = []

        fileprivate init(_ file: FileHandle) throws {
            self.file = file
            try file.seek(toOffset: 0)
        }

        func next() throws -> AcceptedEvent? {
            if frame.isEmpty { try readFrame() }
            return frame.popFirst()
        }

        private func readFrame() throws {
            guard let head = try file.read(upToCount: 4), head.count == 4 else { return }
            let size = head.reversed().reduce(0) { $0 << 8 | Int($1) }
            guard let body = try file.read(upToCount: size), body.count == size else {
                throw SortedRun.fault("the file is cut short")
            }
            frame = try EventBatch(decoding: Array(body)).events[...]
        }
    }
}
