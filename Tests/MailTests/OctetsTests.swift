@testable import Mail
import Testing

/// Eight bytes at once say the same as one after the other.
@Suite struct OctetsTests {
    @Test(arguments: [0, 3, 6])
    func eachPairOfBytes(at place: Int) {
        var wrong: [[UInt8]] = []
        var bytes = Array("abcdefgh".utf8)
        for pair in UInt16.min...UInt16.max {
            (bytes[place], bytes[place + 1]) = (UInt8(truncatingIfNeeded: pair), UInt8(pair >> 8))
            if !bytes.withUnsafeBufferPointer(Self.isTold) { wrong.append(bytes) }
        }
        #expect(wrong.isEmpty, "\(wrong.prefix(3))")
    }

    private static func isTold(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        guard let octets = Octets(bytes, at: 0) else { return false }
        let space = UInt8(ascii: " ")
        let collapses = bytes[7] == space || zip(bytes, bytes.dropFirst()).contains { $0 == space && $1 == space }
        return octets.contains(bytes[0]) && octets.contains(bytes[7]) && octets.contains(0x0D) == bytes.contains(0x0D)
            && octets.contains(0x80) == bytes.contains(0x80) && octets.mayCollapse(space) == collapses
            && octets.arePrinted == bytes.allSatisfy { (0x20...0x7E).contains($0) }
    }

    @Test func thereMustBeEight() {
        Array("abcdefghi".utf8).withUnsafeBufferPointer { bytes in
            #expect(Octets(bytes, at: 0) != nil && Octets(bytes, at: 1) != nil && Octets(bytes, at: 2) == nil)
        }
        #expect(Octets(UnsafeBufferPointer(start: nil, count: 0), at: 0) == nil)
    }
}
