using UserTcp.Tcp;
using UserTcp.Testing.Network;

namespace UserTcp.Testing.Goodput;

/// <summary>Writes as much as the connection takes; what the bytes are does not matter here.</summary>
internal sealed class BulkWriter(long bytes) : CoreApp
{
    private long _left = bytes;

    protected override void OnEffects(Effects effects)
    {
        if ((effects & (Effects.Connected | Effects.Writable)) == 0 || IsOver)
            return;

        while (_left > 0 && Connection.Send.Unacknowledged < Connection.Tcb.Config.SendBufferBytes)
        {
            int count = (int)Math.Min(Connection.Send.GetMemory(1).Length, _left);
            _left -= count;
            Connection.Send.Advance(count);
            Connection.Send.Publish();
        }

        Call(UserCall.Send);
        if (_left == 0)
            Call(UserCall.Close);
    }
}

/// <summary>Reads at once whatever arrives.</summary>
internal sealed class BulkReader : CoreApp
{
    public long BytesRead { get; private set; }

    /// <summary>Whether the end of the stream was read.</summary>
    public bool IsAtEnd { get; private set; }

    protected override void OnEffects(Effects effects)
    {
        if ((effects & Effects.Readable) == 0 || Connection.Receive.IsReaderGone)
            return;

        BytesRead += Connection.Receive.Unconsumed;
        Connection.Receive.Read();
        Connection.Receive.AdvanceTo(BytesRead, BytesRead);
        IsAtEnd = Connection.Receive.IsFinished;
        Call(UserCall.Receive);
    }
}
