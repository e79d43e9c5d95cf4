import Glibc

/// Where the mail catcher puts mails, one file each.
struct MailFolder: Sendable {
    let path: String

    /// How many mails there are.
    func count() -> Int {
        var count = 0
        forEach { _ in count += 1 }
        return count
    }

    /// Mean size of up to a hundred of them, without the lines that the catcher puts on top.
    func typicalSize() -> Int {
        var sizes: [Int] = []
        forEach { name in
            guard sizes.count < 100 else { return }
            guard let file = fopen("\(path)/\(name)", "r") else { return }
            fseek(file, 0, SEEK_END)
            sizes.append(ftell(file) - 100)
            fclose(file)
        }
        return sizes.isEmpty ? 4000 : sizes.reduce(0, +) / sizes.count
    }

    /// All mails, as their first lines and their files tell of them. Blocks.
    ///
    /// - Throws: where one has gone, or names no recipient or no id.
    func mails() throws -> [CaughtMail] {
        var names: [String] = []
        forEach { names.append($0) }
        return try names.map { try CaughtMail(path: "\(path)/\($0)") }
    }

    /// Removes all mails.
    func clear() {
        var names: [String] = []
        forEach { names.append($0) }
        for name in names { unlink("\(path)/\(name)") }
    }

    private func forEach(_ body: (String) -> Void) {
        guard let directory = opendir(path) else { return }
        defer { closedir(directory) }
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name.hasSuffix(".eml") && !name.hasPrefix(".") { body(name) }
        }
    }
}
