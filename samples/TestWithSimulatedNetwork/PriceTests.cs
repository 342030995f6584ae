using UserTcp;
using UserTcp.Testing;
using UserTcp.Testing.Rules;

namespace TestWithSimulatedNetwork;

/// <summary>The client on a bad network, in virtual time: minutes take milliseconds.</summary>
public sealed class PriceTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void A_lossy_path_needs_no_second_try(ulong seed)
    {
        using var network = new SimulatedNetwork(seed);
        (SimulatedHost client, SimulatedHost server) = Hosts(network);
        client.Link.Add(new RandomLoss(0.05));
        client.Link.Add(new Jitter(TimeSpan.Zero, TimeSpan.FromMilliseconds(30), keepsOrder: false));

        network.Run(async () =>
        {
            await using UserTcpListener listener = await ServeAsync(server);
            var prices = new PriceClient(client.Stack, network.TimeProvider);

            Assert.Equal("tea: 42", await prices.AskAsync(server.Address, "tea"));
            Assert.Equal(1, prices.Asked);
        });
    }

    [Fact]
    public void An_outage_of_ten_seconds_is_outlived()
    {
        using var network = new SimulatedNetwork(seed: 7);
        (SimulatedHost client, SimulatedHost server) = Hosts(network);
        var cut = new Cut();
        client.Link.Add(cut);
        network.Schedule(TimeSpan.FromSeconds(10), () => client.Link.Remove(cut));

        network.Run(async () =>
        {
            await using UserTcpListener listener = await ServeAsync(server);
            var prices = new PriceClient(client.Stack, network.TimeProvider);

            Assert.Equal("tea: 42", await prices.AskAsync(server.Address, "tea"));
            Assert.InRange(prices.Asked, 2, 4);
            Assert.True(network.Now > TimeSpan.FromSeconds(10));
        });
    }

    [Fact]
    public void A_server_that_is_gone_is_given_up()
    {
        using var network = new SimulatedNetwork(seed: 7);
        (SimulatedHost client, SimulatedHost server) = Hosts(network);
        server.Link.Add(new Cut());

        network.Run(async () =>
        {
            var prices = new PriceClient(client.Stack, network.TimeProvider);

            IOException thrown = await Assert.ThrowsAsync<IOException>(() => prices.AskAsync(server.Address, "tea"));
            Assert.Contains("5 tries", thrown.Message, StringComparison.Ordinal);
        });
    }

    private static (SimulatedHost Client, SimulatedHost Server) Hosts(SimulatedNetwork network) =>
        (network.AddHost("client", new SimulatedLinkOptions { Delay = TimeSpan.FromMilliseconds(40) }),
            network.AddHost("server"));

    private static async Task<UserTcpListener> ServeAsync(SimulatedHost server)
    {
        UserTcpListener listener = await server.Stack.ListenAsync(PriceServer.Port);
        _ = PriceServer.ServeAsync(listener);
        return listener;
    }
}
