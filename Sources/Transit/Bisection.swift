import Logging

extension Worker {
    /// Applies an effect to many items at once, and where that fails finds out which of them are at fault.
    ///
    /// Items keep their order within and across the parts. A transient failure is nobody's fault and is thrown on.
    ///
    /// - Parameters:
    ///   - alone: takes the items one by one from the start: one of them may be what kills workers.
    ///   - effect: must be all or nothing, and harmless for items that have taken effect before.
    /// - Returns: the items that fail by themselves, with why; all others have taken effect.
    public func bisect<Item: Sendable>(
        _ items: ArraySlice<Item>, alone: Bool = false, effect: (ArraySlice<Item>) async throws -> Void
    ) async throws -> [(item: Item, fault: any Error)] {
        guard !items.isEmpty else { return [] }
        if !alone || items.count == 1 {
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
        }
        let middle = items.startIndex + items.count / 2
        return try await bisect(items[..<middle], alone: alone, effect: effect)
            + (try await bisect(items[middle...], alone: alone, effect: effect))
    }
}
