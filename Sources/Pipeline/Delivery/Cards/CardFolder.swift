import Foundation

/// Where cards lie for whoever prints them: `ID.pdf`, and once that is there, `ID.json`; each whole and on the disk before it
/// bears its name.
///
/// What is being written is hidden, and ends in `.part`. A mailer that dies leaves such a file, and who puts a card there an
/// hour later takes it away.
struct CardFolder {
    let path: String

    /// What is there of an earlier try is the same card, and gives way.
    ///
    /// - Parameter id: the message's; its form is safe for a file's name.
    /// - Throws: `CardError`, or Foundation's; either names the file and what the machine says of it.
    func put(_ id: String, pdf: [UInt8], text: [UInt8]) throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        try put(pdf, as: "\(id).pdf")
        try put(text, as: "\(id).json")
        try synchronizeFolder()
        // By the file system's own clock.
        if let now = written("\(path)/\(id).json") { removeParts(before: now - 3600) }
    }

    /// Under a name of its own: a mailer that hung and comes back writes into no other's file.
    private func put(_ bytes: [UInt8], as name: String) throws {
        let part = "\(path)/.\(name).\(UUID().uuidString).part"
        do {
            try Data(bytes).write(to: URL(fileURLWithPath: part), options: .withoutOverwriting)
            try synchronize(part)
            guard rename(part, "\(path)/\(name)") == 0 else { throw fault(name) }
        } catch {
            try? FileManager.default.removeItem(atPath: part)
            throw error
        }
    }

    private func synchronize(_ file: String) throws {
        let handle = open(file, O_RDONLY)
        guard handle >= 0 else { throw fault(file) }
        defer { close(handle) }
        guard fsync(handle) == 0 else { throw fault(file) }
    }

    /// As PostgreSQL does: where the file system keeps folders by itself, or nobody may look into this one, that is no fault.
    private func synchronizeFolder() throws {
        let handle = open(path, O_RDONLY)
        guard handle >= 0 else {
            if errno == EACCES { return }
            throw fault(path)
        }
        defer { close(handle) }
        guard fsync(handle) == 0 || errno == EINVAL || errno == EBADF else { throw fault(path) }
    }

    private func fault(_ file: String) -> CardError {
        CardError("\(file): \(String(cString: strerror(errno)))", isMachines: true)
    }

    private func removeParts(before instant: Date) {
        for name in (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        where name.hasPrefix(".") && name.hasSuffix(".part") {
            let file = "\(path)/\(name)"
            guard let part = written(file), part < instant else { continue }
            try? FileManager.default.removeItem(atPath: file)
        }
    }

    private func written(_ file: String) -> Date? {
        (try? FileManager.default.attributesOfItem(atPath: file))?[.modificationDate] as? Date
    }
}
