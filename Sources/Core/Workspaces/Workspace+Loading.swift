public import Model

extension Workspace {
    /// What reading a folder gave.
    public struct Loaded: Sendable {
        /// nil where a finding is an error.
        public var workspace: Workspace?
        /// In the order of files and places.
        public var findings: [Finding]

        public init(workspace: Workspace?, findings: [Finding]) {
            self.workspace = workspace
            self.findings = findings
        }

        public var hasErrors: Bool { findings.contains { $0.severity == .error } }
    }

    /// Reads and checks definitions: relative path (with `/`) to text. Everything wrong is found at once, as far as that
    /// makes sense; the same files give the same result.
    ///
    /// - Parameter retention: how long the log is kept where they are to be live: longer windows are errors. nil: for good.
    public static func load(files: [String: String], retention: Span? = nil) -> Loaded {
        var loader = Loader(files: files, retention: retention)
        let workspace = loader.load()
        let findings = Set(loader.findings).sorted()
        let failed = findings.contains { $0.severity == .error }
        return Loaded(workspace: failed ? nil : workspace, findings: findings)
    }
}
