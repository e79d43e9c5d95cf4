import Testing

/// What lets a test have a process die is nowhere but in builds for tests.
@Suite struct CrashPointTests {
    private static let words = ["LOODS_CRASH_POINT", "LOODS_FREEZE_POINT", "LOODS_CRASH_ITEM", "CrashPlan.", "SIGSTOP"]

    @Test func aReleaseReadsNoCrashPlan() throws {
        var found = 0
        for file in try SourceTree.sources() {
            found += Self.words.count { file.text.contains($0) }
            for line in Self.released(file) {
                let code = line.split(separator: "//", omittingEmptySubsequences: false).first ?? ""
                #expect(!Self.words.contains { code.contains($0) }, "\(file.path): \(line)")
            }
        }
        #expect(found > 5, "the words are still those of the sources")
    }

    /// The lines that no `#if DEBUG` holds back; what stands behind its `#else` is among them.
    private static func released(_ file: SourceTree.File) -> [Substring] {
        var conditions: [Bool] = []
        return file.lines.filter { line in
            let code = line.trimmingPrefix { $0 == " " }
            if code.hasPrefix("#if") { conditions.append(code == "#if DEBUG") }
            if code.hasPrefix("#else"), let last = conditions.popLast() { conditions.append(last ? false : last) }
            if code.hasPrefix("#endif") { _ = conditions.popLast() }
            return !conditions.contains(true)
        }
    }
}
