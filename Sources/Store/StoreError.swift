/// What the store itself finds wrong; faults of PostgreSQL come as `PostgresError`.
public enum StoreError: Error, Sendable, CustomStringConvertible {
    /// `loods migrate` has not run.
    case clockMissing
    case unknownWorkspace(String)
    /// A contact merged into another between reading and locking: roll back and begin again with the survivors.
    case mergedMeanwhile
    /// The definitions name a revision that is not there.
    case missingRevision(Int32)

    public var description: String {
        switch self {
        case .clockMissing: "the store has no clock yet; run: loods migrate"
        case .unknownWorkspace(let name): "there is no workspace \"\(name)\"; loods apply creates one"
        case .mergedMeanwhile: "a contact has merged meanwhile"
        case .missingRevision(let revision): "revision \(revision) of the definitions is missing"
        }
    }
}
