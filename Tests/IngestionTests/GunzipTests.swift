import CZlib
import TestSupport
import Testing

@testable import Ingestion

/// Packs as any client does.
func gzipped(_ bytes: [UInt8]) -> [UInt8] {
    var stream = z_stream()
    precondition(loods_gzip_init(&stream) == Z_OK)
    defer { deflateEnd(&stream) }
    var input = bytes
    var output = [UInt8](repeating: 0, count: bytes.count + 1024)
    let capacity = output.count
    input.withUnsafeMutableBufferPointer { source in
        output.withUnsafeMutableBufferPointer { target in
            stream.next_in = source.baseAddress
            stream.avail_in = UInt32(source.count)
            stream.next_out = target.baseAddress
            stream.avail_out = UInt32(capacity)
            precondition(deflate(&stream, Z_FINISH) == Z_STREAM_END)
        }
    }
    return Array(output[..<(capacity - Int(stream.avail_out))])
}

@Suite struct GunzipTests {
    private func inflate(_ bytes: [UInt8]) throws -> [UInt8] {
        try Gunzip.inflate(bytes[...], limit: 512_000, ratio: 100)
    }

    private func code(_ bytes: [UInt8]) -> EdgeError.Code? {
        do {
            _ = try inflate(bytes)
            return nil
        } catch {
            return (error as? EdgeError)?.code
        }
    }

    @Test(arguments: [0, 1, 100, 32_768, 32_769, 65_536, 300_000])
    func whatWasPackedComesOut(count: Int) throws {
        var random = Dice(seed: 3)
        let bytes = (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next() % 64) }
        #expect(try inflate(gzipped(bytes)) == bytes)
    }

    @Test func aBombIsLeftUnexploded() {
        let bomb = gzipped(Array(repeating: 0, count: 10_000_000))
        #expect(bomb.count < 20_000)
        #expect(code(bomb) == .tooLarge)
    }

    @Test func whatIsPackedTooTightIsRefusedBelowTheLimitToo() {
        #expect(code(gzipped(Array(repeating: 0, count: 400_000))) == .tooLarge)
        #expect(code(gzipped(Array(repeating: 0, count: 60_000))) == nil)
    }

    @Test func everyCutIsRefused() {
        let packed = gzipped(Array("{\"batch\":[]}".utf8))
        for count in 0..<packed.count { #expect(code(Array(packed[..<count])) == .malformed) }
    }

    @Test func junkBehindTheEndIsRefused() {
        let packed = gzipped(Array("{}".utf8))
        #expect(code(packed + [0]) == .malformed)
        #expect(code(packed + packed) == .malformed)
    }

    @Test func whatIsNotGzipIsRefused() {
        #expect(code([]) == .malformed)
        #expect(code(Array("{\"batch\":[]}".utf8)) == .malformed)
        var damaged = gzipped(Array("{\"batch\":[1,2,3]}".utf8))
        damaged[damaged.count - 6] ^= 1
        #expect(code(damaged) == .malformed)
    }

    @Test func nestedGzipComesOutOnce() throws {
        let inner = gzipped(Array("{}".utf8))
        #expect(try inflate(gzipped(inner)) == inner)
    }
}
