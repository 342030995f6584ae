using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using UserTcp.Links;

namespace UserTcp.Tests.Api;

/// <summary>Two stacks on the two ends of a virtual link.</summary>
internal sealed class StackPair : IAsyncDisposable
{
    /// <summary>Only to fail where a test would hang; nothing waits for it.</summary>
    public static readonly TimeSpan Guard = TimeSpan.FromMinutes(5);

    private StackPair(UserTcpStack client, UserTcpStack server, LinkDevice clientLink, LinkDevice serverLink)
    {
        Client = client;
        Server = server;
        ClientLink = clientLink;
        ServerLink = serverLink;
    }

    public static IPAddress ClientAddress { get; } = IPAddress.Parse("10.0.0.1");

    public static IPAddress ServerAddress { get; } = IPAddress.Parse("10.0.0.2");

    public UserTcpStack Client { get; }

    public UserTcpStack Server { get; }

    public LinkDevice ClientLink { get; }

    public LinkDevice ServerLink { get; }

    public static UserTcpStackOptions Options(LinkDevice link, IPAddress address) => new()
    {
        Link = link,
        Shards = int.Parse(Environment.GetEnvironmentVariable("USERTCP_TEST_SHARDS") ?? "1"),
        Addresses = { new UserTcpAddress(address, 24) },
        Gateway = IPAddress.Parse("10.0.0.254"),
        ShutdownTimeout = TimeSpan.FromSeconds(10),
    };

    public static async Task<StackPair> OpenAsync(
        Action<UserTcpStackOptions>? configure = null, VirtualLinkOptions? link = null,
        Func<LinkDevice, LinkDevice>? decorateClient = null)
    {
        (VirtualLink first, VirtualLink second) = VirtualLink.CreatePair(link);
        LinkDevice clientLink = decorateClient?.Invoke(first) ?? first;
        UserTcpStackOptions clientOptions = Options(clientLink, ClientAddress);
        UserTcpStackOptions serverOptions = Options(second, ServerAddress);
        configure?.Invoke(clientOptions);
        configure?.Invoke(serverOptions);
        UserTcpStack client = await UserTcpStack.OpenAsync(clientOptions).AsTask().WaitAsync(Guard);
        UserTcpStack server = await UserTcpStack.OpenAsync(serverOptions).AsTask().WaitAsync(Guard);
        return new StackPair(client, server, clientLink, second);
    }

    /// <summary>A connection, seen from both ends.</summary>
    public async Task<(UserTcpConnection Client, UserTcpConnection Server)> ConnectAsync(
        UserTcpConnectionOptions? client = null, UserTcpConnectionOptions? server = null)
    {
        await using UserTcpListener listener = await Server.ListenAsync(
            new UserTcpListenerOptions { ConnectionOptions = server });
        Task<UserTcpConnection> accept = listener.AcceptAsync().AsTask();
        UserTcpConnection connected = await Client
            .ConnectAsync(new IPEndPoint(ServerAddress, listener.LocalEndPoint.Port), client).AsTask().WaitAsync(Guard);
        return (connected, await accept.WaitAsync(Guard));
    }

    public async ValueTask DisposeAsync()
    {
        await Client.DisposeAsync();
        await Server.DisposeAsync();
    }
}

/// <summary>What the tests do with pipes.</summary>
internal static class PipeWords
{
    public static async Task<byte[]> ReadToEndAsync(this PipeReader reader)
    {
        var bytes = new ArrayBufferWriter<byte>();
        while (true)
        {
            ReadResult result = await reader.ReadAsync().AsTask().WaitAsync(StackPair.Guard);
            foreach (ReadOnlyMemory<byte> piece in result.Buffer)
            {
                bytes.Write(piece.Span);
            }

            reader.AdvanceTo(result.Buffer.End);
            if (result.IsCompleted)
                return bytes.WrittenSpan.ToArray();
        }
    }

    public static async Task<byte[]> ReadExactlyAsync(this PipeReader reader, int count)
    {
        ReadResult result = await reader.ReadAtLeastAsync(count).AsTask().WaitAsync(StackPair.Guard);
        byte[] bytes = result.Buffer.Slice(0, count).ToArray();
        reader.AdvanceTo(result.Buffer.GetPosition(count));
        return bytes;
    }

    public static async Task SendAsync(this PipeWriter writer, ReadOnlyMemory<byte> bytes) =>
        await writer.WriteAsync(bytes).AsTask().WaitAsync(StackPair.Guard);

    /// <summary>Octets that tell their position.</summary>
    public static byte[] Pattern(int length)
    {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++)
        {
            bytes[i] = (byte)(i * 31 + i / 251);
        }

        return bytes;
    }
}
