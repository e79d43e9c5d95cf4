public import Model
public import Postgres

/// The contacts: who there is, who merged into whom, and the row lock that orders everything done to a contact.
public enum Contacts {
    /// A contact as its row says.
    public struct State: Sendable, Hashable {
        public var key: ContactKey
        public var attributes: [String: JSON]
        /// Which event set each attribute: the last writer wins.
        public var marks: [String: AttributeMark]
        public var stage: String?
        public var evaluatedRevision: Int32
        /// The company it belongs to, or has left; nil where none was ever named.
        public var membership: Membership?
        /// Whether the contact objects to profiling.
        public var objects = false

        /// A contact of whom nothing is known.
        public init(_ key: ContactKey) {
            self.key = key
            attributes = [:]
            marks = [:]
            evaluatedRevision = 0
        }

        init(
            key: ContactKey, attributes: [String: JSON], marks: [String: AttributeMark], stage: String?,
            evaluatedRevision: Int32, membership: Membership?, objects: Bool
        ) {
            self.key = key
            self.attributes = attributes
            self.marks = marks
            self.stage = stage
            self.evaluatedRevision = evaluatedRevision
            self.membership = membership
            self.objects = objects
        }

        /// Where mail goes: the attribute `email`.
        public var address: String? { attributes["email"]?.string }

        /// Forgets what only a public key has said: that describes strangers, and nobody who is known.
        ///
        /// All of it, whenever it was said: then it does not matter which came first, the word or the acquaintance.
        ///
        /// - Returns: whether there was any.
        @discardableResult
        public mutating func forgetHearsay() -> Bool {
            let hearsay = marks.filter { !$0.value.isTrusted }.keys
            for name in hearsay {
                marks[name] = nil
                attributes[name] = nil
            }
            return !hearsay.isEmpty
        }
    }

    /// The place in (time, event id) order of the event that set an attribute; what a public key said stands behind all
    /// that trusted senders did.
    public struct AttributeMark: Sendable, Hashable, Comparable {
        public var at: Timestamp
        public var eventID: String
        public var isTrusted: Bool

        public init(at: Timestamp, eventID: String, isTrusted: Bool = true) {
            self.at = at
            self.eventID = eventID
            self.isTrusted = isTrusted
        }

        public static func < (left: AttributeMark, right: AttributeMark) -> Bool {
            if left.isTrusted != right.isTrusted { return right.isTrusted }
            return left.at == right.at
                ? left.eventID.utf8.lexicographicallyPrecedes(right.eventID.utf8) : left.at < right.at
        }
    }

    /// That a contact belongs to a company, by the last event that said so.
    public struct Membership: Sendable, Hashable {
        /// Nil: it has left.
        public var company: String?
        public var mark: AttributeMark

        public init(company: String?, mark: AttributeMark) {
            self.company = company
            self.mark = mark
        }
    }

    /// The survivor of each subject: itself where it has not merged. Subjects without a contact are left out.
    public static func survivors(
        of subjects: [ContactKey], in session: PostgresSession
    ) throws -> [ContactKey: ContactKey] {
        let rows = try session.query(
            """
            select c.workspace_id, c.contact_id, coalesce(c.merged_into, c.contact_id)
            from unnest(\(subjects.map(\.workspace)), \(subjects.map(\.contact))) as u (workspace_id, contact_id)
            join contacts c using (workspace_id, contact_id)
            """)
        var survivors: [ContactKey: ContactKey] = [:]
        for row in rows {
            let (workspace, subject, survivor) = try row.decode((WorkspaceID.self, UniqueID.self, UniqueID.self))
            survivors[ContactKey(workspace: workspace, contact: subject)] =
                ContactKey(workspace: workspace, contact: survivor)
        }
        return survivors
    }

    /// How far a contact had come when its row was locked.
    public struct Standing: Sendable, Hashable {
        public var stage: String?
        public var evaluatedRevision: Int32
        /// Whether the contact objects to profiling: no scores, no segments.
        public var objects: Bool

        /// Whether something that is not the contact's own has changed since it was evaluated: its company.
        public var isStirred: Bool

        public init(stage: String?, evaluatedRevision: Int32, objects: Bool = false, isStirred: Bool = false) {
            self.stage = stage
            self.evaluatedRevision = evaluatedRevision
            self.objects = objects
            self.isStirred = isStirred
        }
    }

    /// Locks contacts in the order that all writers keep; nothing about them may be read before, in this transaction.
    ///
    /// - Returns: what stands in the rows themselves, which after the wait for a lock is their latest version; other tables
    ///   are to be read in statements of their own.
    /// - Throws: `StoreError.mergedMeanwhile` when one of them has merged into another by now.
    @discardableResult
    public static func lock(
        _ contacts: some Collection<ContactKey>, in session: PostgresSession
    ) throws -> [ContactKey: Standing] {
        let sorted = Set(contacts).sorted()
        let rows = try session.query(
            """
            select c.workspace_id, c.contact_id, c.merged_into is not null, c.stage, c.evaluated_revision, c.objects,
                c.stirred
            from contacts c
            join unnest(\(sorted.map(\.workspace)), \(sorted.map(\.contact))) as u (workspace_id, contact_id)
                using (workspace_id, contact_id)
            order by c.workspace_id, c.contact_id
            for no key update of c
            """)
        var standings: [ContactKey: Standing] = [:]
        for row in rows {
            let (workspace, contact, isMerged, stage, revision, objects, isStirred) = try row.decode(
                (WorkspaceID.self, UniqueID.self, Bool.self, String?.self, Int32.self, Bool.self, Bool.self))
            guard !isMerged else { throw StoreError.mergedMeanwhile }
            standings[ContactKey(workspace: workspace, contact: contact)] = Standing(
                stage: stage, evaluatedRevision: revision, objects: objects, isStirred: isStirred)
        }
        return standings
    }

    /// Locks those of `contacts` that nobody else holds; the others are left to whoever does.
    public static func lockFree(
        _ contacts: [ContactKey], in session: PostgresSession
    ) throws -> [ContactKey: Standing] {
        let sorted = Set(contacts).sorted()
        let rows = try session.query(
            """
            select c.workspace_id, c.contact_id, c.stage, c.evaluated_revision, c.objects, c.stirred
            from contacts c
            join unnest(\(sorted.map(\.workspace)), \(sorted.map(\.contact))) as u (workspace_id, contact_id)
                using (workspace_id, contact_id)
            where c.merged_into is null
            order by c.workspace_id, c.contact_id
            for no key update of c skip locked
            """)
        return Dictionary(
            uniqueKeysWithValues: try rows.map { row in
                let (workspace, contact, stage, revision, objects, isStirred) = try row.decode(
                    (WorkspaceID.self, UniqueID.self, String?.self, Int32.self, Bool.self, Bool.self))
                return (
                    ContactKey(workspace: workspace, contact: contact),
                    Standing(
                        stage: stage, evaluatedRevision: revision, objects: objects, isStirred: isStirred)
                )
            })
    }

    /// The rows of `contacts`.
    public static func states(
        of contacts: some Collection<ContactKey>, in session: PostgresSession
    ) throws -> [ContactKey: State] {
        guard !contacts.isEmpty else { return [:] }
        let rows = try session.query(
            """
            select c.workspace_id, c.contact_id, c.attributes, c.attribute_marks, c.stage, c.evaluated_revision,
                c.company_id, c.company_at, c.company_event_id, c.objects
            from unnest(\(contacts.map(\.workspace)), \(contacts.map(\.contact))) as u (workspace_id, contact_id)
            join contacts c using (workspace_id, contact_id)
            """)
        var states: [ContactKey: State] = [:]
        for row in rows {
            let (workspace, contact, attributes, marks, stage, revision, company, since, eventID, objects) =
                try row.decode(
                    (
                        WorkspaceID.self, UniqueID.self, JSON.self, JSON.self, String?.self, Int32.self, String?.self,
                        Timestamp?.self, String?.self, Bool.self
                    ))
            let key = ContactKey(workspace: workspace, contact: contact)
            states[key] = State(
                key: key, attributes: attributes.object ?? [:], marks: AttributeMark.all(in: marks), stage: stage,
                evaluatedRevision: revision,
                membership: since.map {
                    Membership(company: company, mark: AttributeMark(at: $0, eventID: eventID ?? ""))
                }, objects: objects)
        }
        return states
    }

    /// Those of `contacts` into whom others have merged.
    public static func joined(
        of contacts: some Collection<ContactKey>, in session: PostgresSession
    ) throws -> Set<ContactKey> {
        guard !contacts.isEmpty else { return [] }
        let rows = try session.query(
            """
            select u.workspace_id, u.contact_id
            from unnest(\(contacts.map(\.workspace)), \(contacts.map(\.contact))) as u (workspace_id, contact_id)
            where exists (
                select from contacts c where c.workspace_id = u.workspace_id and c.merged_into = u.contact_id)
            """)
        return Set(try rows.map { try ContactKey(row: $0) })
    }

    /// Writes attributes back; the caller holds the rows' locks.
    public static func describe(_ states: [State], in session: PostgresSession) throws {
        guard !states.isEmpty else { return }
        let sorted = states.sorted { $0.key < $1.key }
        try session.execute(
            """
            update contacts c
            set attributes = u.attributes, attribute_marks = u.marks, company_id = u.company, company_at = u.since,
                company_event_id = u.event_id
            from unnest(
                \(sorted.map(\.key.workspace)), \(sorted.map(\.key.contact)),
                \(sorted.map { JSON.object($0.attributes) }), \(sorted.map { AttributeMark.json($0.marks) }),
                \(sorted.map(\.membership?.company)), \(sorted.map(\.membership?.mark.at)),
                \(sorted.map(\.membership?.mark.eventID))
            ) as u (workspace_id, contact_id, attributes, marks, company, since, event_id)
            where c.workspace_id = u.workspace_id and c.contact_id = u.contact_id
            """)
    }

    /// Writes back how far contacts have come; the caller holds the rows' locks.
    public static func advance(_ standings: [ContactKey: Standing], in session: PostgresSession) throws {
        guard !standings.isEmpty else { return }
        let sorted = standings.sorted { $0.key < $1.key }
        try session.execute(
            """
            update contacts c set stage = u.stage, evaluated_revision = u.revision, objects = u.objects, stirred = false
            from unnest(
                \(sorted.map(\.key.workspace)), \(sorted.map(\.key.contact)), \(sorted.map(\.value.stage)),
                \(sorted.map(\.value.evaluatedRevision)), \(sorted.map(\.value.objects))
            ) as u (workspace_id, contact_id, stage, revision, objects)
            where c.workspace_id = u.workspace_id and c.contact_id = u.contact_id
            """)
    }
}

extension ContactKey {
    /// Reads the first two columns of a row.
    init(row: PostgresRow) throws {
        self.init(workspace: try row[0, as: WorkspaceID.self], contact: try row[1, as: UniqueID.self])
    }
}

extension Contacts.AttributeMark {
    static func all(in json: JSON) -> [String: Contacts.AttributeMark] {
        (json.object ?? [:]).compactMapValues { mark in
            guard let parts = mark.array, parts.count >= 2, case .int(let at) = parts[0], let id = parts[1].string
            else { return nil }
            return Contacts.AttributeMark(
                at: Timestamp(microseconds: at), eventID: id, isTrusted: parts.count == 2)
        }
    }

    static func json(_ marks: [String: Contacts.AttributeMark]) -> JSON {
        .object(
            marks.mapValues { mark in
                .array(
                    [.int(mark.at.microseconds), .string(mark.eventID)] + (mark.isTrusted ? [] : [.string("public")]))
            })
    }
}
