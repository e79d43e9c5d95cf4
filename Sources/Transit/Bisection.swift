import Logging
public import Model

extension Worker {
    /// Applies an effect to many items at once, and where that fails finds out which of them are at fault.
    ///
    /// Items keep their order within and across the parts. A transient failure is nobody's fault and is thrown on.
    ///
    /// - Parameters:
    ///   - alone: names each item, where they are to be tried one by one from the start, since one of them may be what
    ///     kills workers; see ``tryAlone(_:isOurs:identity:effect:)``. Nobody else may have them in hand.
    ///   - effect: must be all or nothing, and harmless for items that have taken effect before.
    /// - Returns: the items that fail by themselves, with why; all others have taken effect.
    public func bisect<Item: Sendable>(
        _ items: ArraySlice<Item>, alone: ((Item) -> UniqueID)? = nil, effect: (ArraySlice<Item>) async throws -> Void
    ) async throws -> [(item: Item, fault: any Error)] {
        guard !items.isEmpty else { return [] }
        if let alone { return try await tryAlone(items, isOurs: true, identity: alone, effect: effect) }
        do {
            try await effect(items)
            return []
        } catch  where isTransient(error) {
            throw error
        } catch {
            if items.count == 1 { return [(items[items.startIndex], error)] }
            logger.warning(
                "a batch fails as a whole and is taken apart",
                metadata: ["items": "\(items.count)", "reason": "\(error)"])
        }
        let middle = items.startIndex + items.count / 2
        return try await bisect(items[..<middle], effect: effect) + (try await bisect(items[middle...], effect: effect))
    }
}
