import CSigning
import Crypto
import Foundation
import Mail
import Model

// signatures [--json] [--quick]: signatures of mails a second on one core, beside `openssl speed`, in turns.
// The ratio is that of the keys alone; what a whole mail of 20 KB costs besides stands below it.

let arguments = CommandLine.arguments.dropFirst()
guard arguments.allSatisfy({ ["--json", "--quick"].contains($0) }) else {
    FileHandle.standardError.write(Data("signatures: takes [--json] [--quick]\n".utf8))
    exit(64)
}
let seconds = arguments.contains("--quick") ? 1 : 3
let rounds = arguments.contains("--quick") ? 1 : 5

do {
    let rsa = try Contest(name: "rsa", peer: "rsa2048", pem: FreshKey.rsa(), seconds: seconds)
    let ed25519 = try Contest(name: "ed25519", peer: "ed25519", pem: FreshKey.ed25519(), seconds: seconds)
    for contest in [rsa, ed25519] {
        for _ in 0..<rounds { try contest.round() }
        contest.report(asJSON: arguments.contains("--json"))
    }
} catch {
    FileHandle.standardError.write(Data("signatures: \(error)\n".utf8))
    exit(1)
}
