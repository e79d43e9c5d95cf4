import Links
import Model
public import Postgres
import Store
import Transit

/// What the ledger says to whoever follows a link of one of their mails; the store is asked for at most three seconds.
public struct ConsentLookup: Sendable {
    /// Nil where the mail or its contact is gone; throws while the store is away.
    let find: @Sendable (LinkOrigin) async throws -> MailedLedger?

    init(find: @escaping @Sendable (LinkOrigin) async throws -> MailedLedger?) { self.find = find }

    public init(pool: PostgresPool) {
        self.init { origin in
            try await pool.withRepeatedTransaction(within: .seconds(3)) { session in
                try MailedLedger.read(of: origin.contact, message: origin.message, in: session)
            }
        }
    }

    /// Nobody is known.
    public static let none = ConsentLookup { _ in nil }
}
