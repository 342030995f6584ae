using System.Net;
using System.Net.Sockets;
using UserTcp.Gateway;

namespace UserTcp.Lab.Tests.Gateway;

/// <summary>
/// A process with few file descriptors, whose gateway runs out of them: started by <see cref="ShortageTests"/>, with
/// the port of a server. Prints what became of its connects.
/// </summary>
internal static class DescriptorShortage
{
    /// <summary>The word that starts it.</summary>
    public const string Command = "descriptor-shortage";

    private const int ShortTries = 3;
    private const int PoolThreads = 16;
    private static readonly TimeSpan s_guard = TimeSpan.FromMinutes(5);

    public static async Task RunAsync(int port)
    {
        EmbeddedGatewayOptions options = new() { Gateway = { AllowLoopback = true } };
        options.ConfigureStack = stack => stack.ConnectionDefaults = new UserTcpConnectionOptions
        {
            InitialRetransmitTimeout = TimeSpan.FromMilliseconds(200), ConnectTimeout = s_guard,
        };
        await using EmbeddedGateway embedded = await EmbeddedGateway.StartAsync(options);

        // The runtime opens descriptors of its own for the first connect, and for the first one that fails.
        await (await embedded.Stack.ConnectAsync(IPAddress.Loopback, port)).DisposeAsync();
        await Assert.ThrowsAsync<SocketException>(() => embedded.Stack.ConnectAsync(IPAddress.Loopback, 1).AsTask());

        BeginThreads();
        List<FileStream> files = [];
        Task<UserTcpConnection> connect;
        try
        {
            TakeAll(files);
            connect = embedded.Stack.ConnectAsync(IPAddress.Loopback, port).AsTask();
            using CancellationTokenSource guard = new(s_guard);
            while (embedded.Gateway.GetStatistics().SocketShortageDrops < ShortTries)
                await Task.Delay(10, guard.Token);
        }
        finally
        {
            files.ForEach(file => file.Dispose());
        }

        await using UserTcpConnection connection = await connect;
        UserTcpGatewayStatistics told = embedded.Gateway.GetStatistics();
        Console.WriteLine($"connected after {(told.SocketShortageDrops >= ShortTries ? "a shortage" : "nothing")}");
    }

    /// <summary>All threads that the pool may have, this one included: see <see cref="ShortageTests"/>.</summary>
    private static void BeginThreads()
    {
        ThreadPool.SetMinThreads(PoolThreads, PoolThreads);
        ThreadPool.SetMaxThreads(PoolThreads, PoolThreads);
        Barrier all = new(PoolThreads);
        for (int i = 1; i < PoolThreads; i++)
            ThreadPool.UnsafeQueueUserWorkItem(all => all.SignalAndWait(s_guard), all, preferLocal: false);
        Assert.True(all.SignalAndWait(s_guard));
    }

    private static void TakeAll(List<FileStream> files)
    {
        try
        {
            while (true)
                files.Add(new FileStream("/dev/null", FileMode.Open, FileAccess.Read, FileShare.ReadWrite, 0));
        }
        catch (IOException)
        {
            // There are no more: this is what was wanted.
        }
    }
}
