public import Model
import Synchronization
public import Workspaces

/// What lies ready for visitors, as the store knows it.
public struct SiteMessages: Sendable {
    /// A message that may be shown.
    public struct Offer: Sendable {
        public var contact: ContactKey
        public var message: UniqueID
        public var journey: String
        public var step: String
        /// When it was planned: it makes events of it the same however often they are sent.
        public var plannedAt: Timestamp
        public var said: SiteMessage

        public init(
            contact: ContactKey, message: UniqueID, journey: String, step: String, plannedAt: Timestamp,
            said: SiteMessage
        ) {
            self.contact = contact
            self.message = message
            self.journey = journey
            self.step = step
            self.plannedAt = plannedAt
            self.said = said
        }
    }

    /// That a message was shown to its contact.
    public struct Shown: Sendable, Hashable {
        public var message: UniqueID
        public var contact: ContactKey

        public init(message: UniqueID, contact: ContactKey) {
            self.message = message
            self.contact = contact
        }
    }

    /// What may be shown to the visitor whose subject it is; throws while the store is away.
    let find: @Sendable (_ visitor: ContactKey) async throws -> Offer?
    private let desk: ShownDesk
    private let seat = Seat()

    /// - Parameter noteShown: remembers that messages were shown; throws while the store is away. One call at a time.
    public init(
        find: @escaping @Sendable (_ visitor: ContactKey) async throws -> Offer?,
        noteShown: @escaping @Sendable (_ shown: [Shown]) async throws -> Void
    ) {
        self.find = find
        desk = ShownDesk(write: noteShown)
    }

    /// Remembers that a message was shown; throws while the store is away.
    func noteShown(_ shown: Shown) async throws { try await desk.note(shown) }

    /// What may be shown to a visitor; nil too while another is looked up for. Visitors share the connections with those who
    /// withdraw consent, who must not wait for them; their browsers ask again on the next page.
    func findAtOnce(for visitor: ContactKey) async throws -> Offer? {
        guard seat.take() else { return nil }
        defer { seat.leave() }
        return try await find(visitor)
    }

    /// Whoever has it looks into the store.
    private final class Seat: Sendable {
        private let isTaken = Mutex(false)

        func take() -> Bool {
            isTaken.withLock { isTaken in
                defer { isTaken = true }
                return !isTaken
            }
        }

        func leave() { isTaken.withLock { $0 = false } }
    }

    /// Nothing lies ready for anybody.
    public static let none = SiteMessages { _ in
        nil
    } noteShown: { _ in
    }
}
