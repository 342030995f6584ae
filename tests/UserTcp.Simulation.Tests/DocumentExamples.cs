using UserTcp.Testing;
using UserTcp.Testing.Rules;

namespace UserTcp.Simulation.Tests;

/// <summary>The examples of the documents about the simulator.</summary>
public sealed class DocumentExamples
{
    [Fact]
    public void The_test_over_a_bad_network_runs()
    {
        // <network>
        using var network = new SimulatedNetwork(seed: 42);
        SimulatedHost server = network.AddHost("server"), client = network.AddHost("client");
        client.Link.Add(new RandomLoss(0.1));
        network.Run(async () =>
        {
            await using UserTcpListener listener = await server.Stack.ListenAsync(7);
            await using UserTcpConnection connection = await client.Stack.ConnectAsync(server.Address, 7);
        });
        // </network>
        Assert.Equal(1, client.Stack.GetStatistics().ConnectionsInitiated);
    }

    [Fact]
    public void Faults_come_and_go()
    {
        // <faults>
        using FileStream capture = File.Create("client.pcapng");   // closed after the network, which flushes it
        using var network = new SimulatedNetwork(seed: 7);
        SimulatedHost server = network.AddHost("server");
        SimulatedHost client = network.AddHost(
            "client", new SimulatedLinkOptions { BitsPerSecond = 10_000_000, Delay = TimeSpan.FromMilliseconds(25) });
        client.Link.CaptureTo(capture);                            // for Wireshark, or usertcp trace

        var cut = new Cut();
        network.Schedule(TimeSpan.FromSeconds(1), () => client.Link.Add(cut));
        network.Schedule(TimeSpan.FromSeconds(4), () => client.Link.Remove(cut));
        // </faults>
        bool isEchoed = false;
        network.Run(async () =>
        {
            await using UserTcpListener listener = await server.Stack.ListenAsync(7);
            _ = Echo.ServeAsync(listener);
            await Task.Delay(TimeSpan.FromSeconds(2), network.TimeProvider);
            isEchoed = await Echo.AskAsync(client.Stack, server.Address, "hello") == "hello";
        });
        Assert.True(isEchoed);
        Assert.True(network.Now > TimeSpan.FromSeconds(4), $"{network.Now}");
    }
}
