import Testing

@testable import Transit

@Suite struct RecentlyUsedTests {
    @Test func whatWasNotUsedForLongestMakesRoom() {
        var cache = RecentlyUsed<String, Int>(limit: 3)
        for (index, key) in ["a", "b", "c"].enumerated() { cache[key] = index }
        #expect(cache["a"] == 0)
        cache["d"] = 3
        #expect(cache["b"] == nil)
        cache["c"] = 22
        cache["e"] = 4
        #expect(cache["a"] == nil)
        #expect([cache["c"], cache["d"], cache["e"]] == [22, 3, 4])
        #expect(cache.count == 3)
    }

    @Test func whatIsReplacedOrRemovedTakesNoRoom() {
        var cache = RecentlyUsed<Int, Int>(limit: 2)
        cache[1] = 1
        cache[2] = 2
        cache[2] = 22
        #expect(cache[1] == 1)
        cache[1] = nil
        cache[3] = 3
        #expect(cache[2] == 22)
        #expect(cache[3] == 3)
    }
}
