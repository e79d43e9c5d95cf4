import Foundation
import ServiceRuntime

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A file that only its owner may read, and that takes the place of none.
struct KeyFile {
    private let path: String

    init(_ path: String) { self.path = path }

    /// Whole or not at all: it is written beside its place, and linked there. Folders are made as needed, closed to others.
    func write(_ text: String) throws {
        let folder = (path as NSString).deletingLastPathComponent
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        let draft = "\(folder)/.\(getpid()).new"
        defer { unlink(draft) }
        let file = open(draft, O_WRONLY | O_CREAT | O_EXCL, 0o600)
        guard file >= 0 else { throw fault("cannot be written") }
        let handle = FileHandle(fileDescriptor: file, closeOnDealloc: true)
        try handle.write(contentsOf: Data(text.utf8))
        try handle.synchronize()
        try handle.close()
        guard link(draft, path) == 0 else {
            throw fault(errno == EEXIST ? "was made by somebody else meanwhile; run this again" : "cannot be written")
        }
    }

    private func fault(_ reason: String) -> ExitFault { ExitFault(code: .failures, message: "\(path) \(reason)") }
}
