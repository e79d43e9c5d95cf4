import CZlib
import Crypto
import HTTPTypes
import Hummingbird
import NIOCore

/// A text that is served as it is, packed where the client takes gzip.
struct Asset: Sendable {
    private let type: String
    private let plain: ByteBuffer
    private let packed: ByteBuffer
    private let tag: String
    private let maxAge: Int

    /// - Parameter maxAge: seconds for which nobody asks again.
    init(_ bytes: [UInt8], type: String, maxAge: Int) {
        self.type = type
        self.maxAge = maxAge
        plain = ByteBuffer(bytes: bytes)
        packed = ByteBuffer(bytes: Self.gzip(bytes))
        tag = Array(SHA256.hash(data: bytes).prefix(8)).map { String(UInt16($0) | 0x100, radix: 16).dropFirst() }
            .joined()
    }

    var packedSize: Int { packed.readableBytes }
    var text: [UInt8] { Array(plain.readableBytesView) }

    /// The text, or 304 where the client has it (RFC 9110, section 13.1.2).
    func answer(to request: Request) -> Response {
        let isPacked = request.headers[.acceptEncoding]?.split(separator: ",").contains {
            $0.drop { $0 == " " }.lowercased().hasPrefix("gzip") && !$0.contains("q=0")
        }
        let etag = "\"\(tag)\(isPacked == true ? "-gzip" : "")\""
        var headers: HTTPFields = [
            .cacheControl: "public, max-age=\(maxAge)", .vary: "Accept-Encoding", .eTag: etag,
            .accessControlAllowOrigin: "*",
        ]
        if let known = request.headers[.ifNoneMatch], known == "*" || known.contains(etag) {
            return Response(status: .notModified, headers: headers)
        }
        headers[.contentType] = type
        headers[.xContentTypeOptions] = "nosniff"
        headers[HTTPField.Name("Cross-Origin-Resource-Policy")!] = "cross-origin"
        if isPacked == true { headers[.contentEncoding] = "gzip" }
        return Response(
            status: .ok, headers: headers, body: ResponseBody(byteBuffer: isPacked == true ? packed : plain))
    }

    /// In one go: it is done once, when the service starts.
    static func gzip(_ bytes: [UInt8]) -> [UInt8] {
        var stream = z_stream()
        guard loods_gzip_init(&stream) == Z_OK else { return [] }
        defer { deflateEnd(&stream) }
        var input = bytes
        return input.withUnsafeMutableBufferPointer { input in
            stream.next_in = input.baseAddress
            stream.avail_in = UInt32(input.count)
            let room = Int(deflateBound(&stream, UInt(input.count)))
            return [UInt8](unsafeUninitializedCapacity: room) { output, count in
                stream.next_out = output.baseAddress
                stream.avail_out = UInt32(room)
                _ = deflate(&stream, Z_FINISH)
                count = room - Int(stream.avail_out)
            }
        }
    }
}

/// `GET /loods.js` and `GET /openapi.json`.
struct AssetRoutes: Sendable {
    static let script = Asset(PackageResources.loods_js, type: "text/javascript; charset=utf-8", maxAge: 3600)
    static let description = Asset(PackageResources.openapi_json, type: "application/json", maxAge: 300)

    func add(to router: Router<EdgeContext>) {
        for (path, asset) in [("loods.js", Self.script), ("openapi.json", Self.description)] {
            router.get(RouterPath(path)) { request, _ in asset.answer(to: request) }
            router.head(RouterPath(path)) { request, _ in asset.answer(to: request).createHeadResponse() }
        }
    }
}
