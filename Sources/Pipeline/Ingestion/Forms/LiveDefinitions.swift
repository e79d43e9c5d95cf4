public import Model
import Synchronization
public import Workspaces

/// The definitions that the edge works by (forms, ratings, gated content), so that requests do not wait for the store.
///
/// They are good for ten seconds; older ones serve while the store is away, and while one request fetches the newer.
public final class LiveDefinitions: Sendable {
    private struct Entry {
        var workspace: Workspace?
        var freshUntil: ContinuousClock.Instant
    }

    private static let freshFor = Duration.seconds(10)

    private let load: @Sendable (WorkspaceID) async throws -> Workspace?
    private let now: @Sendable () -> ContinuousClock.Instant
    private let entries = Mutex<[WorkspaceID: Entry]>([:])

    /// - Parameters:
    ///   - now: machine time; tests pass their own.
    ///   - load: what is applied now; nil where nothing is. Throws while the store is away.
    public init(
        now: @escaping @Sendable () -> ContinuousClock.Instant = { .now },
        load: @escaping @Sendable (WorkspaceID) async throws -> Workspace?
    ) {
        self.load = load
        self.now = now
    }

    /// - Throws: `EdgeError.unavailable` where the store is away and the definitions were never met.
    func workspace(_ id: WorkspaceID) async throws(EdgeError) -> Workspace? {
        let held = entries.withLock { entries -> (entry: Entry, isFresh: Bool)? in
            guard let entry = entries[id] else { return nil }
            let isFresh = now() < entry.freshUntil
            if !isFresh { entries[id]?.freshUntil = now() + Self.freshFor }
            return (entry, isFresh)
        }
        if let held, held.isFresh { return held.entry.workspace }
        do {
            let workspace = try await load(id)
            entries.withLock { $0[id] = Entry(workspace: workspace, freshUntil: now() + Self.freshFor) }
            return workspace
        } catch {
            if let held { return held.entry.workspace }
            throw EdgeError(.unavailable, "the workspace's definitions cannot be read at the moment; try again")
        }
    }
}
