public import Model
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

    /// What may be shown to the visitor whose subject it is; throws while the store is away.
    let find: @Sendable (_ visitor: ContactKey) async throws -> Offer?
    /// Remembers that one was shown; throws while the store is away.
    let noteShown: @Sendable (_ message: UniqueID, _ contact: ContactKey) async throws -> Void

    public init(
        find: @escaping @Sendable (_ visitor: ContactKey) async throws -> Offer?,
        noteShown: @escaping @Sendable (_ message: UniqueID, _ contact: ContactKey) async throws -> Void
    ) {
        self.find = find
        self.noteShown = noteShown
    }

    /// Nothing lies ready for anybody.
    public static let none = SiteMessages { _ in
        nil
    } noteShown: { _, _ in
    }
}
