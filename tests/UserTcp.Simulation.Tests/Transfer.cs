using UserTcp.Tcp;
using UserTcp.Testing;
using UserTcp.Testing.Network;
using UserTcp.Testing.Swarm;

namespace UserTcp.Simulation.Tests;

/// <summary>A client that sends to a server over one link each, on the level of the core.</summary>
internal sealed class Transfer : IDisposable
{
    public const ushort Port = 80;

    public Transfer(long bytes, ulong seed = 1, SimulatedLinkOptions? link = null, TcpConfig? config = null)
    {
        Network = new SimulatedNetwork(seed);
        Server = new CoreHost(Network, "server", new SimulatedLinkOptions());
        Client = new CoreHost(Network, "client", link ?? new SimulatedLinkOptions());
        Reader = new StreamApp(new StreamPlan { Writes = 2, Reads = 1, Bytes = 0, ClosesLast = true });
        Writer = new StreamApp(new StreamPlan { Writes = 1, Reads = 2, Bytes = bytes });
        config ??= new TcpConfig();
        Assert.NotNull(Server.Listen(Port, _ => Reader, config));
        var call = new UserTcp.Stack.ConnectCall { Remote = Server.Address, RemotePort = Port, Config = config };
        Assert.Equal(UserTcp.Stack.CallResult.Done, Client.Connect(Writer, call));
    }

    public SimulatedNetwork Network { get; }

    public CoreHost Client { get; }

    public CoreHost Server { get; }

    public StreamApp Writer { get; }

    public StreamApp Reader { get; }

    public bool IsDone => Reader.IsComplete && Writer.IsComplete;

    /// <summary>Runs until both ends are done; fails if they are not within so much virtual time.</summary>
    public TimeSpan RunToEnd(double seconds = 600)
    {
        UserTcp.Primitives.Instant end = Network.Time + TimeSpan.FromSeconds(seconds);
        while (!IsDone && Network.Step(end))
        {
        }

        Assert.True(IsDone, $"Not done after {Network.Now}: read {Reader.BytesRead} of {Writer.Plan.Bytes} bytes.");
        return Network.Now;
    }

    public void Dispose() => Network.Dispose();
}
