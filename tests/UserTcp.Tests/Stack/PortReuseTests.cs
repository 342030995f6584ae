using UserTcp.Primitives;
using UserTcp.Stack;
using UserTcp.Tcp;
using UserTcp.Tests.Support;
using UserTcp.Wire;

namespace UserTcp.Tests.Stack;

/// <summary>
/// A client that lost its memory, or the next one behind a NAT, connects from a port whose old connection the server
/// still has, and waits for no timeout (RFC 9293 §3.5.1).
/// </summary>
public sealed class PortReuseTests
{
    private const int States = 5;

    [Fact]
    [Rfc("9293 §3.5.1")]
    public void Whatever_the_server_remembers_of_a_port_its_next_client_connects_at_once()
    {
        for (int seed = 0; seed < 200; seed++)
        {
            TimeSpan taken = TimeToConnectAgain(new Random(seed));
            Assert.True(taken < TimeSpan.FromMilliseconds(30), $"seed {seed}: {taken}");
        }
    }

    private static TimeSpan TimeToConnectAgain(Random random)
    {
        int state = random.Next(States);
        using var network = new TestNetwork();
        TestHost server = network.Add(2);
        IdleApp? accepted = null;
        server.Listen(80, () => accepted = new IdleApp());
        TestHost old = network.Add(1, change: config => OnePort(config, random));
        network.Rule = (from, frame) => from == old && state == 0 && IsAck(frame) ? null : frame;
        IdleApp client = old.Connect(new IdleApp(), server, 80, Settings(random));
        network.RunFor(0.01);
        Leave(state, client, accepted, network);

        TestHost next = network.Add(1, change: config => OnePort(config, random));
        network.Rule = (from, frame) => from == old ? null : frame;
        network.RunFor(random.NextDouble());
        Instant start = network.Now;
        IdleApp again = next.Connect(new IdleApp(), server, 80, Settings(random));
        network.RunUntil(() => (again.Seen & Effects.Connected) != 0, 200);
        return network.Now - start;
    }

    /// <summary>Brings the server to SYN-RECEIVED, ESTABLISHED, CLOSE-WAIT, FIN-WAIT-2 or TIME-WAIT.</summary>
    private static void Leave(int state, IdleApp client, IdleApp? server, TestNetwork network)
    {
        Assert.Equal(state > 0, server is not null);
        if (state >= 3)
            server!.Call(UserCall.Close);
        network.RunFor(0.01);
        if (state is 2 or 4)
            client.Call(UserCall.Close);
        network.RunFor(0.01);
    }

    private static bool IsAck(byte[] frame) =>
        frame[13] == 0 && ((TcpFlags)frame[47]).HasFlag(TcpFlags.Ack);

    private static StackConfig OnePort(StackConfig config, Random random) => config with
    {
        FirstEphemeralPort = 40_000,
        LastEphemeralPort = 40_000,
        Secret = new SipHash((ulong)random.NextInt64(), (ulong)random.NextInt64()),
    };

    private static TcpConfig Settings(Random random) => new() { Timestamps = random.Next(2) == 0 };
}
