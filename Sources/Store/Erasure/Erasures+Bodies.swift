import Contracts
public import Model
public import Postgres

extension Erasures {
    /// Where bodies stand in the store.
    public enum Shelf: String, Sendable, CaseIterable {
        case outbox
        case setAside = "set_aside"

        fileprivate var key: String { self == .outbox ? "outbox_id" : "set_aside_id" }
    }

    /// Takes the person out of a bounded number of bodies behind `place`.
    ///
    /// - Returns: where to go on; nil at the end.
    public static func sweep(
        _ shelf: Shelf, behind place: UniqueID?, limit: Int32 = 200, _ pending: inout Pending,
        in session: PostgresSession
    ) throws -> UniqueID? {
        let start = place ?? UniqueID(high: 0, low: 0)
        let rows = try session.query(
            """
            select \(identifier: shelf.key), body from \(identifier: shelf.rawValue)
            where \(identifier: shelf.key) > \(start) order by \(identifier: shelf.key) limit \(limit)
            """)
        for row in rows {
            let (id, body) = try row.decode((UniqueID.self, [UInt8].self))
            switch pending.cleared(body) {
            case .untouched: continue
            case .without(let rest):
                try session.execute(
                    """
                    update \(identifier: shelf.rawValue) set body = \(rest) where \(identifier: shelf.key) = \(id)
                    """)
            case .nothing:
                try session.execute(
                    "delete from \(identifier: shelf.rawValue) where \(identifier: shelf.key) = \(id)")
            }
            pending.removed[shelf.rawValue, default: 0] += 1
        }
        return rows.count < Int(limit) ? nil : try rows.last?[0, as: UniqueID.self]
    }
}

extension Erasures.Pending {
    /// What becomes of a body.
    enum Cleared: Equatable {
        /// It says nothing of the person.
        case untouched
        /// What is left of it.
        case without([UInt8])
        /// Nothing is left.
        case nothing
    }

    /// A body without the person. One that cannot be read is kept only where none of their names stands in it.
    func cleared(_ body: [UInt8]) -> Cleared {
        if var batch = try? EventBatch(decoding: body) {
            let rest = batch.events.compactMap(cleared)
            if rest == batch.events { return .untouched }
            batch.events = rest
            return rest.isEmpty ? .nothing : .without(batch.encoded)
        }
        if var batch = try? SignalBatch(decoding: body) {
            let rest = batch.signals.filter { !isTheirs($0.contact) && !isTheirs($0.workspace, $0.subject) }
            if rest == batch.signals { return .untouched }
            batch.signals = rest
            return rest.isEmpty ? .nothing : .without(batch.encoded)
        }
        if var batch = try? MessageHints(decoding: body) {
            let rest = batch.hints.filter { !isTheirs($0.contact) }
            if rest == batch.hints { return .untouched }
            batch.hints = rest
            return rest.isEmpty ? .nothing : .without(batch.encoded)
        }
        if let returned = try? ReturnedMail(decoding: body) {
            let mark = returned.mark
            let isTheirs = mark.workspace == workspace && subjects.contains { $0.high == mark.contact }
            return isTheirs ? .nothing : .untouched
        }
        if (try? ErasureRecord(decoding: body)) != nil { return .untouched }
        if let withdrawal = try? RecordedWithdrawal(decoding: body) {
            return isTheirs(withdrawal.contact) ? .nothing : .untouched
        }
        return mentions(body) ? .nothing : .untouched
    }

    /// An event of somebody else that names them loses the name; what they did since they were erased stays.
    private func cleared(_ event: AcceptedEvent) -> AcceptedEvent? {
        guard event.workspace == workspace, event.at <= erasedAt || event.receivedAt <= erasedAt else { return event }
        if subjects.contains(event.subjectID) { return nil }
        var event = event
        event.aliases.removeAll { subjects.contains($0.subjectID(in: workspace)) }
        return event
    }

    private func isTheirs(_ contact: ContactKey) -> Bool { isTheirs(contact.workspace, contact.contact) }

    private func isTheirs(_ workspace: WorkspaceID, _ subject: UniqueID) -> Bool {
        workspace == self.workspace && subjects.contains(subject)
    }

    /// Whether a name or an id stands in bytes that say nothing else to us. Very short names would be found in anything.
    private func mentions(_ body: [UInt8]) -> Bool {
        words.contains { $0.utf8.count >= 4 && body.contains(bytes: Array($0.utf8)) }
            || subjects.contains { body.contains(bytes: $0.bytes) }
    }
}

extension Signal {
    fileprivate var workspace: WorkspaceID { contact.workspace }
}

extension UniqueID {
    /// As contracts write it.
    fileprivate var bytes: [UInt8] {
        var writer = WireWriter()
        writer.write(self)
        return writer.bytes
    }
}

extension [UInt8] {
    fileprivate func contains(bytes wanted: [UInt8]) -> Bool {
        guard let first = wanted.first, count >= wanted.count else { return false }
        return self[...(count - wanted.count)].indices.contains {
            self[$0] == first && self[$0..<($0 + wanted.count)].elementsEqual(wanted)
        }
    }
}
