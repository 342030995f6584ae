using System.Buffers;
using System.IO.Pipelines;
using UserTcp.Tests.Api;

namespace UserTcp.Tests.Stress;

/// <summary>Octets that tell whose they are and where they belong.</summary>
internal static class Patterned
{
    public static byte Octet(int owner, long position) => (byte)(owner * 101 + position * 7 + (position >> 9));

    public static async Task WriteAsync(PipeWriter output, int owner, long length, int step)
    {
        for (long position = 0; position < length;)
        {
            int count = (int)Math.Min(step, length - position);
            Fill(output.GetSpan(count), owner, position, count);
            output.Advance(count);
            position += count;
            FlushResult result = await output.FlushAsync().AsTask().WaitAsync(StackPair.Guard);
            if (result.IsCompleted || result.IsCanceled)
                return;
        }
    }

    /// <summary>Reads to the end, or to the failure; every octet must be the owner's.</summary>
    public static async Task<long> ReadAsync(PipeReader input, int owner, long most = long.MaxValue)
    {
        long position = 0;
        while (position < most)
        {
            ReadResult result = await input.ReadAsync().AsTask().WaitAsync(StackPair.Guard);
            Check(result.Buffer, owner, position);
            position += result.Buffer.Length;
            input.AdvanceTo(result.Buffer.End);
            if (result.IsCompleted || result.IsCanceled)
                break;
        }

        return position;
    }

    public static void Fill(Span<byte> bytes, int owner, long position, int count)
    {
        for (int i = 0; i < count; i++)
        {
            bytes[i] = Octet(owner, position + i);
        }
    }

    public static void Check(in ReadOnlySequence<byte> bytes, int owner, long position)
    {
        foreach (ReadOnlyMemory<byte> piece in bytes)
        {
            foreach (byte octet in piece.Span)
            {
                if (octet != Octet(owner, position))
                    Assert.Fail($"Octet {position} of {owner} is {octet}, not {Octet(owner, position)}.");
                position++;
            }
        }
    }

    /// <summary>What an application may meet when its connection is taken from under it.</summary>
    public static async Task IgnoreEnd(Task task)
    {
        try
        {
            await task;
        }
        catch (Exception e) when (e is UserTcpConnectionException or ObjectDisposedException
            or OperationCanceledException or InvalidOperationException or System.Net.Sockets.SocketException)
        {
            Assert.IsNotType<TimeoutException>(e);
        }
    }
}
