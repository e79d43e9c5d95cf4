import Model

extension Journey {
    /// Whether a server may ask that somebody enter it (`POST /v1/journeys`).
    public var isOnRequest: Bool {
        if case .event(EventNames.entryRequested(into: name), _) = entry.trigger { true } else { false }
    }
}
