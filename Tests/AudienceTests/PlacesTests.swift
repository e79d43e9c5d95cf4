import TestSupport
import Testing
import Workspaces

struct PlacesTests {
    /// Against the set of the standard library.
    @Test(arguments: 0..<40) func theyAreASetOfNumbersInTheirOrder(seed: UInt64) {
        var dice = Dice(seed: seed)
        let limit = [1, 64, 65, 300][Int(seed % 4)]
        func some() -> Set<Int> {
            Set((0..<Int.random(in: 0...20, using: &dice)).map { _ in Int.random(in: 0..<limit, using: &dice) })
        }
        let (one, other) = (some(), some())
        let places = Places(one)
        #expect(Array(places) == one.sorted())
        #expect(places.isEmpty == one.isEmpty)
        #expect((0...limit).filter(places.contains) == one.sorted())
        #expect(Array(places.union(Places(other))) == one.union(other).sorted())
        #expect((places == Places(other)) == (one == other))
        #expect(places == Places(one.sorted().reversed()))
        #expect(places.union(Places()) == places)
        #expect(Places().union(places) == places)
        for place in 0...limit { #expect(places.next(from: place) == one.filter { $0 >= place }.min()) }
    }
}
