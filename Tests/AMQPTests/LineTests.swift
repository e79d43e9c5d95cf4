import Testing

@testable import AMQP

@Suite("Line")
struct LineTests {
    @Test func isFirstInFirstOutHoweverLong() {
        var line = Line<Int>()
        var next = 0
        for round in 0..<3_000 {
            line.append(round)
            if round % 3 != 0 {
                #expect(line.first == next)
                line.dropFirst()
                next += 1
            }
        }
        #expect(Array(line) == Array(next..<3_000))
    }

    @Test func isReachedByPosition() {
        var line = Line<Int>()
        for number in 0..<6 { line.append(number) }
        line.dropFirst()
        line[1] = 20
        line.removeAll { $0 == 3 }
        #expect(Array(line) == [1, 20, 4, 5])
        #expect(line.first == 1)
        #expect(line.count == 4)
    }
}
