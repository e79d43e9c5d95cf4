import Testing

@testable import AMQP

@Suite("Broker URLs")
struct AMQPConfigurationTests {
    @Test func readsEveryPart() throws {
        let full = try AMQPConfiguration(url: "amqps://us%40er:p%2Fw@broker.example:1234/my%2Fhost")
        #expect(full.user == "us@er")
        #expect(full.password == "p/w")
        #expect(full.host == "broker.example")
        #expect(full.port == 1234)
        #expect(full.virtualHost == "my/host")
        #expect(full.usesTLS)
    }

    @Test(arguments: ["amqp://h", "amqp://h/"])
    func theDefaultsAreTheProtocols(url: String) throws {
        let plain = try AMQPConfiguration(url: url)
        #expect(plain.port == 5672)
        #expect(plain.virtualHost == "/")
        #expect(plain.user == "guest")
        #expect(!plain.usesTLS)
    }

    @Test(arguments: ["", "http://h/", "amqp://h:port/", "amqp://u:p@h:1/v/w", "amqp://secret:%zz@h/", "amqp://h\0/"])
    func refusesOthersWithoutRepeatingThem(url: String) throws {
        let error = try #require(throws: AMQPError.self) { try AMQPConfiguration(url: url) }
        #expect(error.code == .invalidConfiguration)
        #expect(!error.description.contains("secret"))
    }
}
