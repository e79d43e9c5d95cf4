import Testing

@testable import AMQP

@Suite("Broker URLs")
struct AMQPConfigurationTests {
    @Test func readsEveryPart() throws {
        let full = try AMQPConfiguration(url: "amqps://us%40er:p%2Fw@broker.example:1234/my%2Fhost")
        #expect(full.user == "us@er")
        #expect(full.password == "p/w")
        #expect(full.nodes == [AMQPNode(host: "broker.example", port: 1_234)])
        #expect(full.virtualHost == "my/host")
        #expect(full.usesTLS)
    }

    @Test(arguments: ["amqp://h", "amqp://h/"])
    func theDefaultsAreTheProtocols(url: String) throws {
        let plain = try AMQPConfiguration(url: url)
        #expect(plain.nodes == [AMQPNode(host: "h", port: 5_672)])
        #expect(plain.virtualHost == "/")
        #expect(plain.user == "guest")
        #expect(!plain.usesTLS)
    }

    @Test func severalNodesAreOneBroker() throws {
        let several = try AMQPConfiguration(url: "amqps://u%2C:p%2C@one:1,two,[::1]:3/v%2C")
        #expect(
            several.nodes == [
                .init(host: "one", port: 1), .init(host: "two", port: 5_671), .init(host: "::1", port: 3),
            ])
        #expect(several.user == "u," && several.password == "p," && several.virtualHost == "v," && several.usesTLS)
    }

    @Test(arguments: [
        "", "amqp://h:1,,h:2/", "amqp://h:1,/", "amqp://u:secret@h:1,h:port/", "http://h/", "amqp://h:port/",
        "amqp://u:p@h:1/v/w", "amqp://secret:%zz@h/", "amqp://h\0/",
    ])
    func refusesOthersWithoutRepeatingThem(url: String) throws {
        let error = try #require(throws: AMQPError.self) { try AMQPConfiguration(url: url) }
        #expect(error.code == .invalidConfiguration)
        #expect(!error.description.contains("secret"))
    }
}
