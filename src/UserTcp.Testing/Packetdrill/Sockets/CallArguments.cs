using UserTcp.Testing.Packetdrill.Syntax;

namespace UserTcp.Testing.Packetdrill.Sockets;

/// <summary>The arguments of a call, evaluated as they are asked for.</summary>
internal readonly struct CallArguments(CallEvent call)
{
    public int Line => call.Line;

    public int Count => call.Arguments.Count;

    /// <summary>The first one.</summary>
    public long Descriptor => Integer(0);

    public bool IsGiven(int index) => index < Count && call.Arguments[index] is not AnyValue;

    public bool IsNull(int index) => index < Count && call.Arguments[index] is NameValue { Name: "NULL" };

    public Expression Value(int index) => index < Count
        ? call.Arguments[index]
        : throw new ScriptException(call.Line, $"{call.Name}() lacks an argument");

    public long Integer(int index) => Evaluate(Value(index));

    public long Evaluate(Expression expression)
    {
        switch (expression)
        {
            case IntegerValue integer:
                return integer.Value;
            case NameValue name:
                return Constants.TryGet(name.Name, out long value)
                    ? value
                    : throw ScriptException.Unsupported(call.Line, name.Name);
            case AnyOf any:
                long all = 0;
                foreach (Expression part in any.Parts)
                {
                    all |= Evaluate(part);
                }

                return all;
            case ListValue { Items: [var only] }:
                return Evaluate(only);
            default:
                throw ScriptException.Unsupported(call.Line, $"this argument of {call.Name}()");
        }
    }

    /// <summary>Null if the value is what the script expects, or it expects nothing.</summary>
    public SocketCall? Expect(int index, long actual)
    {
        if (!IsGiven(index) || Value(index) is ListValue { Items: [AnyValue] })
            return null;

        long expected = Integer(index);
        return expected == actual ? null : SocketCall.Wrong($"expected {expected}, but it is {actual}");
    }

    /// <summary>A text, alone or in brackets; null if it is something else.</summary>
    public string? Text(int index) => Value(index) switch
    {
        TextValue text => text.Text,
        ListValue { Items: [TextValue text] } => text.Text,
        _ => null,
    };

    /// <summary>What the script says that the call returns; null if it does not matter, or is an error.</summary>
    public long? ExpectedResult => call.Result is IntegerValue { Value: >= 0 } expected ? expected.Value : null;

    /// <summary>The error that the script says the call returns.</summary>
    public string? ExpectedError => call.Error;

    /// <summary>The sum of an array of {..., length}.</summary>
    public long VectorLength(int index) => VectorLength(Value(index));

    /// <summary>The same in a msghdr.</summary>
    public long MessageLength(int index)
    {
        if (Value(index) is not StructValue message || message.Field("msg_iov") is not { } vector)
            throw ScriptException.Unsupported(call.Line, $"this message of {call.Name}()");
        return VectorLength(vector);
    }

    /// <summary>
    /// The value of the only control message that is known here, how much is left to read; null if there is none.
    /// </summary>
    public long? ControlValue(int index)
    {
        if ((Value(index) as StructValue)?.Field("msg_control") is not { } control
            || control is AnyValue or ListValue { Items.Count: 0 })
        {
            return null;
        }

        return control is ListValue { Items: [StructValue { Fields.Count: 3 } message] }
            && message.Field("cmsg_type") is NameValue { Name: "TCP_CM_INQ" } && message.Field("cmsg_data") is { } data
            ? Evaluate(data)
            : throw ScriptException.Unsupported(call.Line, "a control message");
    }

    private long VectorLength(Expression vector)
    {
        if (vector is not ListValue list)
            throw ScriptException.Unsupported(call.Line, $"this vector of {call.Name}()");

        long sum = 0;
        foreach (Expression item in list.Items)
        {
            if (item is not StructValue { Fields: [_, var length] } || Evaluate(length.Value) < 0)
                throw ScriptException.Unsupported(call.Line, $"this vector of {call.Name}()");
            sum = Math.Min(int.MaxValue, sum + Evaluate(length.Value));
        }

        return sum;
    }
}
