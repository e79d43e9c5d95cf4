public import Model
public import Postgres
import Store
public import Workspaces

/// Live definitions whose windows look back further than the log is to be kept.
public enum LongWindows {
    /// A window of a workspace, with its place.
    public struct Fault: Sendable, CustomStringConvertible {
        public var workspace: String
        public var finding: Finding

        public var description: String { "\(workspace): \(finding)" }
    }

    /// All there are; the session sees all workspaces.
    public static func all(beyond retention: Span, in session: PostgresSession) throws -> [Fault] {
        try WorkspaceRegister.all(in: session).filter { $0.revision > 0 }.flatMap { entry in
            let files = try Definitions.files(of: entry.id, revision: entry.revision, in: session)
            // What this build cannot read otherwise either is no fault of a window.
            let known = Set(Workspace.load(files: files).findings)
            return Workspace.load(files: files, retention: retention).findings.filter { !known.contains($0) }
                .map { Fault(workspace: entry.name, finding: $0) }
        }
    }
}
