/// What becomes of definitions whose mails receivers would mind: `preflight: errors` in `workspace.yaml`.
public enum PreflightRigour: String, Sendable, Hashable, CaseIterable {
    /// Nobody looks.
    case none
    /// It is told, and they are applied.
    case warnings
    /// Where it is an error they are not applied.
    case errors
}
