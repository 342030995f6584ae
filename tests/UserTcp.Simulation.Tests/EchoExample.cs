using UserTcp.Testing;
using UserTcp.Testing.Rules;

namespace UserTcp.Simulation.Tests;

/// <summary>The example of the package's README.</summary>
public sealed class EchoExample
{
    [Fact]
    public void Echo_survives_a_bad_network()
    {
        using var network = new SimulatedNetwork(seed: 42);
        SimulatedHost server = network.AddHost("server");
        SimulatedHost client = network.AddHost("client", new() { Delay = TimeSpan.FromMilliseconds(50) });
        client.Link.Add(new RandomLoss(0.1));
        network.Run(async () =>
        {
            await using UserTcpListener listener = await server.Stack.ListenAsync(7);
            _ = Echo.ServeAsync(listener);
            Assert.Equal("hello", await Echo.AskAsync(client.Stack, server.Address, "hello"));
        });
    }
}
