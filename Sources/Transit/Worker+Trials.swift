import Logging
public import Model
import Postgres
public import Store

extension Worker {
    /// Tries items one by one, in their order, each noted in the store before it is begun: so that what kills this process is
    /// known to the next, and after three deaths is passed over.
    ///
    /// Who died with an item in hand need not have died of it, so it keeps its place: what stands behind it may be of the same
    /// contact, and decided otherwise before it than after.
    ///
    /// - Parameters:
    ///   - isOurs: whether nobody else may have the same items in hand, as with a delivery; otherwise what another has
    ///     begun a moment ago is left to it.
    ///   - identity: names an item, the same in every process.
    ///   - effect: must be all or nothing.
    /// - Returns: the items that fail by themselves, with why; `Deadly` for those that killed whoever tried them.
    public func tryAlone<Item: Sendable>(
        _ items: ArraySlice<Item>, isOurs: Bool, identity: (Item) -> UniqueID,
        effect: (ArraySlice<Item>) async throws -> Void
    ) async throws -> [(item: Item, fault: any Error)] {
        let ids = items.map(identity)
        let trials = try await pool.withConnection { try Trials.of(ids, in: $0) }
        let fresh = clock.now - Trials.patience
        var poison: [(Item, any Error)] = []
        for (index, id) in zip(items.indices, ids) {
            let past = (trials[id] ?? []).filter { $0.worker != name }
            if !isOurs, past.contains(where: { $0.isAlone && $0.begunAt > fresh }) { continue }
            if past.count(where: \.isAlone) >= Trials.limit {
                poison.append((items[index], Deadly(trials: past)))
            } else if let fault = try await tryOne(items[index...index], id, effect) {
                poison.append((items[index], fault))
            }
        }
        return poison
    }

    /// - Returns: the item's own fault.
    private func tryOne<Item: Sendable>(
        _ item: ArraySlice<Item>, _ id: UniqueID, _ effect: (ArraySlice<Item>) async throws -> Void
    ) async throws -> (any Error)? {
        let trial = Trials.Trial(begunAt: clock.now, worker: name, isAlone: true)
        try await pool.withTransaction { try Trials.begin(id, trial, in: $0) }
        do {
            try await effect(item)
            try await pool.withConnection { try Trials.forget([id], in: $0) }
            return nil
        } catch  where isTransient(error) {
            try? await pool.withConnection { [name] in try Trials.abandon(id, worker: name, in: $0) }
            throw error
        } catch {
            return error
        }
    }
}

extension Trials {
    /// So many workers may die of an item that they have in hand alone.
    static let limit = 3
    /// Of so many an item is handled alone.
    static let suspicion = 2
    /// A try that was begun longer ago than this has ended, one way or the other, unless its worker stands still.
    static let patience = Span.seconds(10)
}

/// An item that killed those who tried it.
public struct Deadly: Error, CustomStringConvertible {
    public var trials: [Trials.Trial]

    public var description: String { "it killed \(trials.count(where: \.isAlone)) workers that had it in hand alone" }

    /// What is known of its deaths, for whoever looks at what is set aside.
    public var history: [SetAside.Attempt] {
        trials.map { trial in
            let what = trial.isAlone ? "the worker died with it in hand" : "the worker died with it and others in hand"
            return .init(at: trial.begunAt, worker: trial.worker, what: what)
        }
    }
}

extension SetAside.Item {
    /// The item with what its fault tells of those who tried it; the last was this worker.
    public func tried(by worker: Worker, _ fault: any Error) -> Self {
        var item = self
        item.history = (fault as? Deadly)?.history ?? []
        item.attempts = max(item.attempts, Int32(clamping: item.history.count))
        item.history.append(.init(at: setAsideAt, worker: worker.name, what: "set aside: \(reason)"))
        return item
    }
}
