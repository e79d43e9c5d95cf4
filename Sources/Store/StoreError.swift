/// What the store itself finds wrong; faults of PostgreSQL come as `PostgresError`.
public enum StoreError: Error, Sendable, CustomStringConvertible {
    /// `loods migrate` has not run.
    case clockMissing
    case unknownWorkspace(String)
    /// A contact merged into another, or was erased, between reading and locking: roll back and begin again with who is left.
    case mergedMeanwhile
    /// The definitions name a revision that is not there.
    case missingRevision(Int32)
    /// The store is not the one that mails are sent from: it was restored, or a standby has taken over.
    case lineageChanged
    /// People were erased, and this process has no key to know them by.
    case erasureKeyMissing
    /// People were erased under another key than this process has.
    case erasureKeyDiffers
    /// Of appended events it cannot be told which were new.
    case unaccountedEvents
    /// The store's roles do not exist.
    case rolesMissing
    /// The login is no member of a role that it needs.
    case mayNotActAs(String)

    public var description: String {
        switch self {
        case .clockMissing: "the store has no clock yet; run: loods migrate"
        case .unknownWorkspace(let name): "there is no workspace \"\(name)\"; loods apply creates one"
        case .mergedMeanwhile: "a contact has merged or was erased meanwhile"
        case .missingRevision(let revision): "revision \(revision) of the definitions is missing"
        case .lineageChanged: "the store is not the one that mails are sent from"
        case .erasureKeyMissing:
            "people were erased from this store, and LOODS_ERASURE_SECRET is not set: without it they would come back"
        case .erasureKeyDiffers:
            "LOODS_ERASURE_SECRET is not the one under which people were erased: with another they would come back"
        case .unaccountedEvents: "events were appended in a savepoint, where it cannot be told which of them were new"
        case .rolesMissing: "the store's roles are missing; run: loods migrate"
        case .mayNotActAs(let role):
            """
            this login may not act as \(role); take another, or have an administrator grant \(role) to it (loods migrate does \
            so for the login that it runs under)
            """
        }
    }
}
